// Before anything else: whether this window may use the data folder. A Paddock without a window may own it; then the
// user decides who has it.
import { Button, Loader, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { EmptyState } from '../../components/EmptyState';
import { IconFailed } from '../../components/icons';
import { useLate } from '../../components/use-late';
import { AppError, type Failure } from '../../errors/app-error';
import { asSentence, describeFailure } from '../../errors/table';
import { client } from '../../ipc/client';
import { m } from '../../messages';
import { beginFirstRun } from '../first-run/first-run-state';
import { Stage } from './Stage';
import { TakeOver } from './TakeOver';

export function StartGate({ children }: { children: ReactNode }) {
  const start = useQuery({ queryKey: ['start-up'], queryFn: open, gcTime: 0 });
  const late = useLate(start.isPending);
  const again = () => void start.refetch();

  if (start.isPending) return late ? <Opening /> : null;
  if (start.error) return <StartFailed failure={AppError.unexpected(start.error)} onRetry={again} />;
  if (start.data.kind === 'failed')
    return <StartFailed failure={AppError.fromIpc(start.data.error)} onRetry={again} />;
  if (start.data.kind === 'occupied') {
    return <TakeOver pid={start.data.pid} version={start.data.version} onDone={again} />;
  }
  return children;
}

async function open() {
  const start = await client.startUp();
  // Before anything is drawn, so that nothing else is seen first.
  if (start.kind === 'ready' && start.firstRun) beginFirstRun();
  return start;
}

function Opening() {
  return (
    <Stage>
      <Stack align="center" gap="sm" c="dimmed" role="status">
        <Loader size={18} color="gray" />
        {m.state.connecting}
      </Stack>
    </Stage>
  );
}

function StartFailed({ failure, onRetry }: { failure: Failure; onRetry: () => void }) {
  const { clause, hint } = describeFailure(failure);
  return (
    <Stage alert>
      <EmptyState
        icon={<IconFailed size={28} color="var(--pd-bad)" />}
        title={m.start.failedTitle}
        note={failure.log.join('\n')}
        action={
          <>
            <Button onClick={onRetry} mr="xs">
              {m.start.tryAgain}
            </Button>
            <Button variant="default" onClick={() => void client.quit()}>
              {m.start.quit}
            </Button>
          </>
        }
      >
        {asSentence(clause)} {hint}
      </EmptyState>
    </Stage>
  );
}
