// The button of a variant: Download, then its progress in the same place, then Load.
import { Button, Group, Progress, Text } from '@mantine/core';
import { useState } from 'react';
import { bytes, percent } from '../../format';
import type { HubRepo, HubVariant, JobView } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { discoverWords } from '../../messages/discover';
import { downloadWords } from '../../messages/downloads';
import { attempt } from '../../state/actions';
import { jobOf, keyHere, useJobs } from '../../state/downloads';
import { keys, queryClient } from '../../state/queries';
import { isOn, useModelStatus } from '../../state/status';
import { patchWindow } from '../../state/window';
import { loadHere, resumeJob, showHere } from '../downloads/actions';
import { amount, fraction, pace } from '../downloads/describe';
import { JobButtons } from '../downloads/JobButtons';
import { jobColor } from '../downloads/JobMark';
import classes from './Discover.module.css';
import { useHubRepo } from './search';

const words = discoverWords.repo;

export function VariantAction({ repo, variant }: { repo: HubRepo; variant: HubVariant }) {
  const job = jobOf(useJobs(), repo.id, variant);
  const { dataUpdatedAt } = useHubRepo(repo.id);
  const key = keyHere(variant, job, dataUpdatedAt);
  if (key !== null) return <Here variant={variant} modelKey={key} />;
  if (job && job.state !== 'done') return <Progressing variant={variant} job={job} />;
  if (variant.missing.length > 0) {
    return (
      <Text size="xs" c="var(--pd-warn)" title={variant.missing.join('\n')}>
        {words.incomplete(variant.missing.length)}
      </Text>
    );
  }
  return <Download repo={repo} variant={variant} />;
}

function Here({ variant, modelKey }: { variant: HubVariant; modelKey: string }) {
  const { state } = useModelStatus(modelKey);
  if (isOn(state)) {
    return (
      <Button
        size="xs"
        variant="default"
        aria-label={words.showName(variant.name)}
        onClick={() => showHere(modelKey)}
      >
        {words.show}
      </Button>
    );
  }
  return (
    <div>
      <Button size="xs" aria-label={words.loadName(variant.name)} onClick={() => loadHere(modelKey)}>
        {words.load}
      </Button>
      <Text size="xs" c="dimmed" mt={3}>
        {words.here}
      </Text>
    </div>
  );
}

function Download({ repo, variant }: { repo: HubRepo; variant: HubVariant }) {
  const [busy, setBusy] = useState(false);
  const start = async () => {
    setBusy(true);
    await attempt(discoverWords.doing.download(`${repo.id} ${variant.name}`), async () => {
      await client.downloadModel({ repo: repo.id, revision: null, variant: variant.name });
      await queryClient.invalidateQueries({ queryKey: keys.hubRepo(repo.id) });
    });
    setBusy(false);
  };
  return (
    <Button
      size="xs"
      variant={variant.recommended ? 'filled' : 'default'}
      loading={busy}
      aria-label={words.downloadName(variant.name, bytes(variant.sizeBytes))}
      onClick={() => void start()}
    >
      {words.download}
    </Button>
  );
}

function Progressing({ variant, job }: { variant: HubVariant; job: JobView }) {
  const part = fraction(job);
  const failed = job.state === 'failed';
  return (
    <div className={classes.progressing} title={amount(job)}>
      <Group gap={2} wrap="nowrap" justify="space-between">
        <Text span size="xs" fw={600} c={jobColor[job.state]} truncate>
          {failed
            ? downloadWords.states.failed
            : part === null
              ? downloadWords.states[job.state]
              : percent(part)}
        </Text>
        <Group gap={2} wrap="nowrap">
          {failed && (
            <Button size="compact-xs" variant="default" onClick={() => void resumeJob(job)}>
              {downloadWords.again}
            </Button>
          )}
          <JobButtons job={job} />
        </Group>
      </Group>
      <Progress
        value={(part ?? 0) * 100}
        size={4}
        color={job.state === 'running' || job.state === 'verifying' ? 'green' : 'gray.5'}
        transitionDuration={200}
        aria-label={words.progress(variant.name)}
      />
      {failed ? (
        <Button
          size="compact-xs"
          variant="transparent"
          className={classes.failed}
          onClick={() => patchWindow({ downloadsOpen: true })}
        >
          {words.why}
        </Button>
      ) : (
        <Text size="xs" c="dimmed" truncate>
          {pace(job) || downloadWords.states[job.state]}
        </Text>
      )}
    </div>
  );
}
