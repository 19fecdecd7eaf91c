// Always there: what is running, where to reach it, how much memory is left.
import { Skeleton, VisuallyHidden } from '@mantine/core';
import { Note } from '../../components/Note';
import { asSentence, describeFailure } from '../../errors/table';
import { m } from '../../messages';
import { installProgress, isInstalling, useEngineJob } from '../../state/engine-job';
import { live } from '../../state/live';
import { useActiveStatuses } from '../../state/status';
import { useStore } from '../../state/store';
import { EndpointPill } from './EndpointPill';
import { MemoryMeter } from './MemoryMeter';
import { RunningMenu } from './RunningMenu';
import { CancelEngine, StatusAction } from './StatusAction';
import classes from './StatusBar.module.css';

export function StatusBar() {
  const { snapshot, problem } = useStore(live, value => value);
  const statuses = useActiveStatuses();
  const first = statuses[0] ?? null;
  const job = useEngineJob();
  const installing = isInstalling(job) ? job : null;
  if (!snapshot) {
    return (
      <header className={classes.bar}>
        <Heading />
        {problem ? (
          <Note kind="bad" title={asSentence(describeFailure(problem).clause)} flush>
            {problem.message}
          </Note>
        ) : (
          <Skeleton h={10} w={220} />
        )}
      </header>
    );
  }
  const waiting = first === null || first.state === 'starting';
  const loaded = first?.state === 'starting' ? (first.server?.progress ?? null) : null;
  // A load may have to wait for its engine.
  const progress = waiting && installing ? installProgress(installing) : loaded;
  return (
    <header className={classes.bar} data-state={first?.state ?? (installing ? 'starting' : 'stopped')}>
      <Heading />
      <div className={classes.left}>
        <RunningMenu statuses={statuses} job={installing} />
        {first && <StatusAction status={first} />}
        {!first && installing && <CancelEngine build={installing.build} />}
      </div>
      <div className={classes.right}>
        <EndpointPill endpoint={snapshot.endpoint} />
        <MemoryMeter memory={snapshot.memory} />
      </div>
      {progress !== null && <div className={classes.progress} style={{ transform: `scaleX(${progress})` }} />}
    </header>
  );
}

/** What the window is, for those who walk its headings. */
const Heading = () => <VisuallyHidden component="h1">{m.app}</VisuallyHidden>;
