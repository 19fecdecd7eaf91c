// The state in words; a click shows every model that runs, with its memory and a way to stop it.
import { Button, Popover, Text, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { IconChevronDown } from '../../components/icons';
import { StateIcon, StateMark } from '../../components/StateMark';
import { useElapsed } from '../../components/use-age';
import { describeFailure } from '../../errors/table';
import { bytes, duration, percent } from '../../format';
import type { EngineJob } from '../../ipc/bindings';
import { m } from '../../messages';
import { stopModel } from '../../state/actions';
import { installProgress } from '../../state/engine-job';
import { useModel, useModelName } from '../../state/queries';
import type { ModelStatus } from '../../state/status';
import { openModel } from '../../state/window';
import classes from './StatusBar.module.css';

type Props = { statuses: ModelStatus[]; job: EngineJob | null };

export function RunningMenu({ statuses, job }: Props) {
  const [opened, setOpened] = useState(false);
  const first = statuses[0] ?? null;
  const word = first ? m.state[first.state] : job ? m.statusBar.engine : m.state.idle;
  const waits = job !== null && (first === null || first.state === 'starting');
  return (
    <Popover position="bottom-start" opened={opened} onChange={setOpened} width={340} trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton className={classes.summary} onClick={() => setOpened(!opened)}>
          <span className={classes.fixed}>
            <StateMark state={first?.state ?? (job ? 'starting' : 'stopped')} word={word} />
          </span>
          {first && <Summary status={first} waits={waits} />}
          {waits && <Installing job={job} beside={first !== null} />}
          {statuses.length > 1 && (
            <Text span c="dimmed" className={classes.fixed}>
              {m.statusBar.more(statuses.length - 1)}
            </Text>
          )}
          <VisuallyHidden>{m.statusBar.showRunning}</VisuallyHidden>
          <IconChevronDown
            size={13}
            color="var(--mantine-color-dimmed)"
            style={{ flex: 'none' }}
            aria-hidden
          />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={m.statusBar.running} py={6}>
        {statuses.length === 0 && (
          <Text c="dimmed" py={6}>
            {m.statusBar.nothing}
          </Text>
        )}
        {statuses.map(status => (
          <Run key={status.key} status={status} onOpen={() => setOpened(false)} />
        ))}
      </Popover.Dropdown>
    </Popover>
  );
}

/** Name and quantization; progress while it loads; what failed where it did. */
function Summary({ status, waits }: { status: ModelStatus; waits: boolean }) {
  const model = useModel(status.key);
  const name = useModelName()(status.key);
  const starting = status.state === 'starting';
  const elapsed = useElapsed(starting ? (status.server?.startedAt ?? null) : null);
  if (status.state === 'failed') {
    const clause = status.failure ? describeFailure(status.failure).clause : '';
    return (
      <span className={classes.sentence}>
        {status.crashed ? m.statusBar.crashed(name, clause) : m.statusBar.failed(name, clause)}
      </span>
    );
  }
  const progress = status.server?.progress ?? null;
  return (
    <>
      <span className={classes.name}>{name}</span>
      {!starting && model?.quantization && (
        <Text span c="dimmed" className={`${classes.fixed} ${classes.wide}`}>
          {model.quantization}
        </Text>
      )}
      {starting && !waits && (progress !== null || elapsed !== null) && (
        <Text span c="dimmed" className={classes.fixed}>
          {progress !== null ? percent(progress) : m.statusBar.elapsed(duration(elapsed ?? 0))}
        </Text>
      )}
    </>
  );
}

/** The engine that is being installed: what is done just now, and how far it is. */
function Installing({ job, beside }: { job: EngineJob; beside: boolean }) {
  const progress = installProgress(job);
  return (
    <>
      <Text span c="dimmed" className={`${classes.sentence} ${beside ? classes.wide : ''}`}>
        {job.step}
      </Text>
      {progress !== null && (
        <Text span c="dimmed" className={classes.fixed}>
          {percent(progress)}
        </Text>
      )}
    </>
  );
}

function Run({ status, onOpen }: { status: ModelStatus; onOpen: () => void }) {
  const name = useModelName()(status.key);
  const measured = status.server?.memory.measuredBytes ?? null;
  const open = () => {
    openModel(status.key, 'parameters');
    onOpen();
  };
  return (
    <div className={classes.run}>
      <StateIcon state={status.state} />
      <UnstyledButton className={classes.plain} onClick={open} style={{ minWidth: 0 }}>
        <Text truncate fw={600}>
          {name}
        </Text>
        <Text size="xs" c="dimmed">
          {m.state[status.state]}
          {measured !== null && `${m.separator}${bytes(measured)}`}
        </Text>
      </UnstyledButton>
      {status.state !== 'failed' && (
        <Button
          size="xs"
          variant="default"
          disabled={status.state === 'stopping'}
          onClick={() => void stopModel(status.key, name)}
          aria-label={status.state === 'starting' ? m.models.cancelName(name) : m.models.stopName(name)}
        >
          {status.state === 'starting' ? m.cancel : m.models.stop}
        </Button>
      )}
    </div>
  );
}
