// How the engine comes along, below whatever step is shown.
import { Button, Progress } from '@mantine/core';
import { IconReady, IconWarning } from '../../components/icons';
import { asClause } from '../../errors/table';
import type { EngineJob } from '../../ipc/bindings';
import { firstRunWords } from '../../messages/first-run';
import { installProgress, isInstalling, useEngineJob } from '../../state/engine-job';
import { useSnapshot } from '../../state/live';
import { useSettings } from '../../state/queries';
import { installEngine } from '../engines/actions';
import { jobNumbers } from '../engines/view';
import classes from './FirstRun.module.css';

const words = firstRunWords.engine;

export function EngineStrip() {
  const engine = useSnapshot()?.engine ?? null;
  const job = useEngineJob();
  const byItself = useSettings().data?.fetchMissingEngine ?? false;
  const ended: EngineJob | null = job;
  if (isInstalling(job)) {
    const progress = installProgress(job);
    return (
      <section className={classes.strip} aria-label={words.label}>
        <span className={classes.stripText}>{words.fetching(job.step, jobNumbers(job))}</span>
        <Progress
          className={classes.bar}
          value={job.state === 'looking' ? 0 : (progress ?? 1) * 100}
          size={4}
          transitionDuration={200}
          aria-label={words.label}
        />
      </section>
    );
  }
  if (engine) {
    const proved = ended?.state === 'done';
    return (
      <section className={classes.strip} aria-label={words.label}>
        <IconReady size={15} color="var(--pd-accent)" aria-hidden />
        <span className={classes.stripText}>{proved ? words.ready(engine) : words.found(engine)}</span>
      </section>
    );
  }
  const failed = ended?.state === 'failed' && ended.error?.code !== 'cancelled';
  return (
    <section className={classes.strip} aria-label={words.label}>
      <IconWarning size={15} color="var(--pd-warn)" aria-hidden />
      <span className={classes.stripText} role={failed ? 'alert' : undefined}>
        {failed ? words.failed(asClause(ended.error?.message ?? '')) : words.missing(byItself)}
      </span>
      <Button size="compact-xs" variant="default" onClick={() => void installEngine('latest', null)}>
        {failed ? words.again : firstRunWords.machine.fetch}
      </Button>
    </section>
  );
}
