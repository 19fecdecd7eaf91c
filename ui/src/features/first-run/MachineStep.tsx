// The first step: what this computer is, and the engine that runs models on it.
import { Button, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconDevice, IconEngine } from '../../components/icons';
import { useLate } from '../../components/use-late';
import { bytes } from '../../format';
import { client } from '../../ipc/client';
import { firstRunWords } from '../../messages/first-run';
import { pickEngine } from '../../state/actions';
import { isInstalling, useEngineJob } from '../../state/engine-job';
import { useSnapshot } from '../../state/live';
import { useSettings } from '../../state/queries';
import { installEngine } from '../engines/actions';
import { Frame } from './FirstRun';
import classes from './FirstRun.module.css';
import { goToStep } from './first-run-state';

const words = firstRunWords.machine;
const HUB = 'huggingface.co';
/** What a model needs beside its file. */
const SHARE_FOR_WEIGHTS = 0.85;

export function MachineStep() {
  const snapshot = useSnapshot();
  const hub = useSettings().data?.hub.endpoint ?? null;
  const machine = useQuery({ queryKey: ['machine-sentence'], queryFn: client.machineSentence });
  const late = useLate(machine.isPending);
  const installing = isInstalling(useEngineJob());
  const engine = snapshot?.engine ?? null;
  const next = () => goToStep('model');
  const fetch = () => {
    void installEngine('latest', null);
    next();
  };
  return (
    <Frame
      step="machine"
      title={words.title}
      body={words.body}
      onSkip={next}
      actions={
        engine || installing ? (
          <Button size="md" onClick={next}>
            {firstRunWords.next}
          </Button>
        ) : (
          <>
            <Button size="md" variant="default" onClick={() => void pickEngine()}>
              {words.pick}
            </Button>
            <Button size="md" onClick={fetch}>
              {words.fetch}
            </Button>
          </>
        )
      }
    >
      <div className={classes.machine}>
        <IconDevice size={18} stroke={1.5} aria-hidden />
        <div>
          <Text role={late ? 'status' : undefined}>{machine.data ?? (late ? words.reading : '')}</Text>
          {snapshot && (
            <Text c="dimmed">
              {words.memory(bytes(snapshot.memory.availableBytes), bytes(snapshot.memory.totalBytes))}{' '}
              {words.room(bytes(snapshot.memory.availableBytes * SHARE_FOR_WEIGHTS))}
            </Text>
          )}
        </div>
        <IconEngine size={18} stroke={1.5} aria-hidden />
        <Text>{engine ? words.engineHere(engine) : words.engineMissing}</Text>
      </div>
      <Text size="xs" c="dimmed" mt="sm">
        {words.asks(hub ? hub.replace(/^https?:\/\//, '') : HUB)}
      </Text>
    </Frame>
  );
}
