// How the engine comes along, below whatever step is shown.
import { Button, Progress } from '@mantine/core';
import type { ReactNode } from 'react';
import { IconReady, IconWarning } from '../../components/icons';
import { asClause } from '../../errors/table';
import type { EngineJob } from '../../ipc/bindings';
import { firstRunWords } from '../../messages/first-run';
import { installProgress, isInstalling, useEngineJob } from '../../state/engine-job';
import { useSnapshot } from '../../state/live';
import { useSettings } from '../../state/queries';
import { installEngine } from '../engines/actions';
import { jobNumbers } from '../engines/view';
import { useEngineProof } from './engine-proof';
import classes from './FirstRun.module.css';

const words = firstRunWords.engine;

/** `first`: the step that is shown speaks of the engine itself, but not of how it is tried. */
export function EngineStrip({ first }: { first: boolean }) {
  const engine = useSnapshot()?.engine ?? null;
  const job = useEngineJob();
  const byItself = useSettings().data?.fetchMissingEngine ?? false;
  const proof = useEngineProof();
  const ended: EngineJob | null = job;
  if (isInstalling(job)) {
    const progress = job.state === 'looking' ? 0 : (installProgress(job) ?? 1);
    return <Going text={words.fetching(job.step, jobNumbers(job))} progress={progress} />;
  }
  if (engine && proof.state === 'trying') return <Going text={words.trying(engine)} progress={1} />;
  if (engine && proof.state === 'failed') {
    return (
      <Missing text={words.notProved(engine, proof.clause)} failed>
        <Button size="compact-xs" variant="default" onClick={proof.again}>
          {words.again}
        </Button>
        <Button size="compact-xs" variant="default" onClick={fetchOne}>
          {words.other}
        </Button>
      </Missing>
    );
  }
  if (engine) {
    const proved = ended?.state === 'done' || proof.state === 'proved';
    return (
      <section className={classes.strip} aria-label={words.label}>
        <IconReady size={15} color="var(--pd-accent)" aria-hidden />
        <span className={classes.stripText}>{proved ? words.ready(engine) : words.found(engine)}</span>
      </section>
    );
  }
  if (first) return null;
  const error = ended?.state === 'failed' && ended.error?.code !== 'cancelled' ? ended.error : null;
  return (
    <Missing text={error ? words.failed(asClause(error.message)) : words.missing(byItself)} failed={!!error}>
      <Button size="compact-xs" variant="default" onClick={fetchOne}>
        {error ? words.again : firstRunWords.machine.fetch}
      </Button>
    </Missing>
  );
}

const fetchOne = () => void installEngine('latest', null);

function Going({ text, progress }: { text: string; progress: number }) {
  return (
    <section className={classes.strip} aria-label={words.label}>
      <span className={classes.stripText}>{text}</span>
      <Progress
        className={classes.bar}
        value={progress * 100}
        size={4}
        transitionDuration={200}
        aria-label={words.label}
      />
    </section>
  );
}

function Missing({ text, failed, children }: { text: string; failed: boolean; children: ReactNode }) {
  return (
    <section className={classes.strip} aria-label={words.label}>
      <IconWarning size={15} color="var(--pd-warn)" aria-hidden />
      <span className={classes.stripText} role={failed ? 'alert' : undefined}>
        {text}
      </span>
      {children}
    </section>
  );
}
