// An installation as it goes, in the place of the button that began it.
import { Button, Group, Loader, Progress, Text } from '@mantine/core';
import type { EngineJob } from '../../ipc/bindings';
import { m } from '../../messages';
import { engineWords as words } from '../../messages/engines';
import { installProgress } from '../../state/engine-job';
import { cancelInstall } from './actions';
import classes from './Engines.module.css';
import { jobNumbers, jobPercent } from './view';

export function InstallProgress({ job, wide }: { job: EngineJob; wide?: boolean }) {
  const progress = installProgress(job);
  return (
    <div className={classes.progress} data-wide={wide || undefined}>
      <Group gap={8} wrap="nowrap" justify="space-between">
        <Group gap={7} wrap="nowrap" miw={0}>
          {progress === null && <Loader size={12} color="green" aria-hidden />}
          <Text span size="xs" truncate title={job.step}>
            {job.step}
          </Text>
        </Group>
        <Group gap={8} wrap="nowrap">
          <Text span size="xs" fw={600}>
            {jobPercent(job)}
          </Text>
          <Button
            size="xs"
            variant="default"
            aria-label={words.job.cancel(job.build)}
            onClick={() => void cancelInstall()}
          >
            {m.cancel}
          </Button>
        </Group>
      </Group>
      <Progress
        // Past fetching it is nearly there; how nearly cannot be told.
        value={job.state === 'looking' ? 0 : (progress ?? 1) * 100}
        size={4}
        transitionDuration={200}
        aria-label={words.job.label(job.build)}
      />
      {/* Keeps its line, so that nothing moves when the numbers come and go. */}
      <Text size="xs" c="dimmed" mih={16}>
        {jobNumbers(job)}
      </Text>
    </div>
  );
}
