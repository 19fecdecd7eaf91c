// The one button that most likely helps: cancel a load, mend a failure.
import { ActionIcon, Button } from '@mantine/core';
import { IconClose } from '../../components/icons';
import { describeFailure } from '../../errors/table';
import { client } from '../../ipc/client';
import { m } from '../../messages';
import { attempt, dismissFailure, stopModel } from '../../state/actions';
import { useModelName } from '../../state/queries';
import type { ModelStatus } from '../../state/status';
import { runErrorAction } from '../models/error-actions';

export function StatusAction({ status }: { status: ModelStatus }) {
  const name = useModelName()(status.key);
  if (status.state === 'starting') {
    return (
      <Button
        size="xs"
        variant="default"
        flex="none"
        onClick={() => void stopModel(status.key, name)}
        aria-label={m.models.cancelName(name)}
      >
        {m.cancel}
      </Button>
    );
  }
  if (status.state !== 'failed' || !status.failure) return null;
  const { action, field } = describeFailure(status.failure);
  return (
    <>
      <Button
        size="xs"
        variant="default"
        flex="none"
        onClick={() => void runErrorAction(action, status.key, field)}
      >
        {m.errors.actions[action]}
      </Button>
      <ActionIcon size="xs" aria-label={m.dismiss} onClick={() => void dismissFailure(status.key, name)}>
        <IconClose size={14} />
      </ActionIcon>
    </>
  );
}

/** While an engine is installed and nothing else goes on. */
export function CancelEngine({ build }: { build: string }) {
  return (
    <Button
      size="xs"
      variant="default"
      flex="none"
      onClick={() => void attempt(m.doing.cancelEngine, client.cancelEngineInstall)}
      aria-label={m.statusBar.cancelEngine(build)}
    >
      {m.cancel}
    </Button>
  );
}
