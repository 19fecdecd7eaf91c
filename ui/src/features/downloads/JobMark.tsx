// The state of a download as colour, icon and word together.
import { Group, Loader, Text } from '@mantine/core';
import {
  IconDownload,
  IconFailed,
  IconInterrupted,
  IconPatience,
  IconPause,
  IconQueued,
  IconReady,
  IconStopped,
} from '../../components/icons';
import type { JobState } from '../../ipc/bindings';
import { downloadWords } from '../../messages/downloads';

const QUIET = 'var(--mantine-color-dimmed)';

export const jobColor: Record<JobState, string> = {
  queued: QUIET,
  running: 'var(--mantine-color-text)',
  paused: QUIET,
  waiting: 'var(--pd-warn)',
  interrupted: 'var(--pd-warn)',
  verifying: 'var(--mantine-color-text)',
  done: 'var(--mantine-color-green-light-color)',
  failed: 'var(--pd-bad)',
  cancelled: QUIET,
};

const icons = {
  queued: IconQueued,
  running: IconDownload,
  paused: IconPause,
  waiting: IconPatience,
  interrupted: IconInterrupted,
  done: IconReady,
  failed: IconFailed,
  cancelled: IconStopped,
};

export function JobMark({ state }: { state: JobState }) {
  return (
    <Group gap={6} wrap="nowrap">
      <JobIcon state={state} />
      <Text span size="xs" fw={600} c={jobColor[state]} style={{ whiteSpace: 'nowrap' }}>
        {downloadWords.states[state]}
      </Text>
    </Group>
  );
}

function JobIcon({ state }: { state: JobState }) {
  if (state === 'verifying') return <Loader size={12} color="green" aria-hidden />;
  const Icon = icons[state];
  const color = state === 'running' || state === 'done' ? 'var(--pd-accent)' : jobColor[state];
  return <Icon size={14} color={color} style={{ flex: 'none' }} aria-hidden />;
}
