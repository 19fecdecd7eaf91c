// An installation that failed: why, what to try, and that nothing was lost.
import { Button, Group, Text } from '@mantine/core';
import { useState } from 'react';
import { Confirm } from '../../components/Confirm';
import { Note } from '../../components/Note';
import { Scroll } from '../../components/Scroll';
import { AppError } from '../../errors/app-error';
import { asSentence, describeFailure } from '../../errors/table';
import type { EngineJob, EngineRow } from '../../ipc/bindings';
import { engineWords as words } from '../../messages/engines';
import { installEngine } from './actions';
import classes from './Engines.module.css';
import { dismissFailedJob } from './failed-job';

/** The release does not say what its files must look like; somebody may want it all the same. */
const NO_DIGEST = 'no_digest';

export function FailedInstall({ job, current }: { job: EngineJob; current: EngineRow | null }) {
  const [asking, setAsking] = useState(false);
  const failure = job.error ? AppError.fromIpc(job.error) : null;
  const described = failure ? describeFailure(failure) : null;
  return (
    <div>
      <Note
        kind="bad"
        title={words.job.failed(job.build, withoutRest(described?.clause ?? ''))}
        onDismiss={() => dismissFailedJob(job)}
        action={
          <Group gap={6} wrap="nowrap">
            {failure?.code === NO_DIGEST && (
              <Button size="xs" variant="default" onClick={() => setAsking(true)}>
                {words.needsDigest}
              </Button>
            )}
            <Button size="xs" onClick={() => void installEngine(job.build, job.variant)}>
              {words.job.again}
            </Button>
          </Group>
        }
      >
        {described?.hint && `${asSentence(described.hint)} `}
        {current ? words.job.kept(current.name) : words.job.keptNone}
        {failure && failure.log.length > 0 && (
          <Scroll className={classes.tail} label={words.job.label(job.build)}>
            <pre>{failure.log.slice(-8).join('\n')}</pre>
          </Scroll>
        )}
      </Note>
      {asking && (
        <Confirm
          title={words.noDigestTitle(job.build)}
          confirm={words.install}
          onConfirm={() => installEngine(job.build, job.variant, true)}
          onClose={() => setAsking(false)}
        >
          <Text span>{words.noDigestBody}</Text>
        </Confirm>
      )}
    </div>
  );
}

/** The back end may say itself which engine stays; the window says it below. */
const withoutRest = (clause: string) => clause.replace(/\.\s+\S+ stays current$/, '');
