// The last step: where the models answer, how a program asks them, and the button to try it.
import { Button, Group, Progress, Text, Title, Tooltip } from '@mantine/core';
import { CopyButton } from '../../components/CopyButton';
import { FactRow } from '../../components/Facts';
import { IconReady } from '../../components/icons';
import { Note } from '../../components/Note';
import { Scroll } from '../../components/Scroll';
import { asClause } from '../../errors/table';
import { bytes } from '../../format';
import type { JobView } from '../../ipc/bindings';
import { m } from '../../messages';
import { firstRunWords } from '../../messages/first-run';
import { isActive, jobOf, useJobs } from '../../state/downloads';
import { isInstalling, useEngineJob } from '../../state/engine-job';
import { useSnapshot } from '../../state/live';
import { useModel } from '../../state/queries';
import { chooseModel } from '../../state/window';
import { newChatWith } from '../chat/chat-actions';
import { BOX_ID } from '../chat/ids';
import { repoName, shortName } from '../discover/view';
import { resumeJob } from '../downloads/actions';
import { amount, fraction, pace } from '../downloads/describe';
import { snippet } from '../server/snippets';
import { baseUrl } from '../status-bar/EndpointPill';
import { type EngineProof, useEngineProof } from './engine-proof';
import { Frame } from './FirstRun';
import classes from './FirstRun.module.css';
import { finishFirstRun, useFirstRun } from './first-run-state';

const words = firstRunWords.done;
const CONTEXT = 8192;
/** Why an engine that is here is not enough. */
const WAITS_FOR: Partial<Record<EngineProof['state'], string>> = {
  trying: words.waitsForProof,
  failed: words.waitsForOther,
};

export function DoneStep() {
  const snapshot = useSnapshot();
  const { wanted, modelKey } = useFirstRun(state => state);
  const jobs = useJobs();
  const job = wanted && jobOf(jobs, wanted.repo, { name: wanted.variant, jobId: wanted.jobId });
  const key = modelKey ?? (job?.state === 'done' ? job.tag.key : null);
  const model = useModel(key);
  const engine = snapshot?.engine ?? null;
  const proof = useEngineProof().state;
  const waitsForEngine = !engine ? words.waitsForEngine : WAITS_FOR[proof];
  const waits = !model ? words.waitsForModel : (waitsForEngine ?? null);
  const without = !model && !wanted;
  // One that was asked for just now is not told of yet; one that is done becomes a model at once.
  const fetching = wanted !== null && (!job || isActive(job) || job.state === 'done');
  const installing = isInstalling(useEngineJob());
  const comes = (model !== null || fetching) && ((engine !== null && proof !== 'failed') || installing);
  const tryIt = async () => {
    if (waits || !model) return;
    chooseModel(model.key);
    newChatWith(model.key);
    await finishFirstRun('chat');
    focusSoon(BOX_ID);
  };
  const url = snapshot ? baseUrl(snapshot.endpoint) : '';
  const text = snippet('curl', { url, model: key ?? m.models.chooseTitle, key: null, context: CONTEXT });
  const titleOfWaiting = comes ? words.titleWaiting : words.titleMissing;
  const title = without ? words.titleWithout : waits ? titleOfWaiting : words.title;
  return (
    <Frame
      step="done"
      title={title}
      body={words.body}
      actions={
        <>
          <Button
            size="md"
            variant={without ? 'filled' : 'default'}
            onClick={() => {
              if (model) chooseModel(model.key);
              void finishFirstRun();
            }}
          >
            {words.open}
          </Button>
          {!without && (
            <Tooltip label={waits} disabled={waits === null}>
              <Button
                size="md"
                data-disabled={waits ? true : undefined}
                aria-disabled={waits ? true : undefined}
                onClick={() => void tryIt()}
              >
                {words.tryIt}
              </Button>
            </Tooltip>
          )}
        </>
      }
    >
      {wanted && !model && <Fetching name={shortName(repoName(wanted.repo))} job={job} />}
      {model && (
        <Group gap={8} mb="sm" wrap="nowrap" role="status">
          <IconReady size={16} color="var(--pd-accent)" style={{ flex: 'none' }} aria-hidden />
          <Text>{words.here(model.name, model.sizeBytes === null ? null : bytes(model.sizeBytes))}</Text>
        </Group>
      )}
      {without && (
        <Text c="dimmed" mb="sm">
          {words.noModel}
        </Text>
      )}
      {snapshot && !snapshot.endpoint.listening && (
        <Note kind="warn" title={words.down(asClause(snapshot.endpoint.error ?? ''))} />
      )}
      <FactRow facts={[{ label: words.endpoint, value: url, copy: url, mono: true }]} />
      {!without && key && (
        <>
          <Title order={2} mt="md">
            {words.snippet}
          </Title>
          <div className={classes.code}>
            <Scroll className={classes.codeText} label={words.snippet} data-selectable>
              <pre>{text}</pre>
            </Scroll>
            <div className={classes.copy}>
              <CopyButton text={text} what={words.snippet} />
            </div>
          </div>
        </>
      )}
    </Frame>
  );
}

function Fetching({ name, job }: { name: string; job: JobView | null }) {
  const part = job ? fraction(job) : null;
  if (job?.state === 'failed') {
    return (
      <div style={{ marginBottom: 14 }}>
        <Note
          kind="bad"
          title={words.failed(name, asClause(job.error?.message ?? ''))}
          action={
            <Button size="xs" onClick={() => void resumeJob(job)}>
              {words.again}
            </Button>
          }
        >
          {job.error?.hint}
        </Note>
      </div>
    );
  }
  return (
    <div className={classes.progress}>
      <Group justify="space-between" wrap="nowrap" gap="sm" mb={6}>
        <Text span fw={600} truncate>
          {words.progress(name)}
        </Text>
        <Text span size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
          {job && [amount(job), pace(job)].filter(Boolean).join(m.separator)}
        </Text>
      </Group>
      <Progress
        value={(part ?? 0) * 100}
        size={6}
        transitionDuration={200}
        aria-label={words.progress(name)}
      />
      <Text size="xs" c="dimmed" mt={6}>
        {words.goesOn}
      </Text>
    </div>
  );
}

/** The chat is read from disk first. */
function focusSoon(id: string): void {
  const deadline = Date.now() + 3000;
  const look = () => {
    const element = document.getElementById(id);
    if (element) element.focus();
    else if (Date.now() < deadline) requestAnimationFrame(look);
  };
  look();
}
