// One download: what it is, how far and how fast, why it stands, its files, and what can be done.
import { Button, Collapse, Group, Progress, Text, UnstyledButton } from '@mantine/core';
import { useId, useState } from 'react';
import { IconChevronDown, IconChevronRight } from '../../components/icons';
import { Tag } from '../../components/Tag';
import { asSentence, describeFailure, type ErrorAction } from '../../errors/table';
import type { JobView } from '../../ipc/bindings';
import { m } from '../../messages';
import { downloadWords as words } from '../../messages/downloads';
import { openSettings, openTab, patchWindow } from '../../state/window';
import { loadHere, resumeJob } from './actions';
import classes from './Downloads.module.css';
import { amount, fileName, fileWords, fraction, pace, titleParts, whyItStands } from './describe';
import { JobButtons } from './JobButtons';
import { JobMark } from './JobMark';

export function JobCard({ job }: { job: JobView }) {
  const titleId = useId();
  const part = fraction(job);
  const why = whyItStands(job);
  const [name, variant] = titleParts(job);
  const finished = job.state === 'done' || job.state === 'cancelled';
  return (
    <li className={classes.card} aria-labelledby={titleId}>
      <Group gap={8} wrap="nowrap" justify="space-between">
        <Group gap={7} wrap="nowrap" miw={0} id={titleId} title={job.label}>
          <Text fw={600} truncate>
            {name}
          </Text>
          {variant && <Tag>{variant}</Tag>}
        </Group>
        <Group gap={2} wrap="nowrap">
          {job.state === 'done' && job.tag.key !== null && (
            <Button size="xs" variant="default" onClick={() => job.tag.key && loadHere(job.tag.key)}>
              {words.load}
            </Button>
          )}
          <JobButtons job={job} />
        </Group>
      </Group>
      {!finished && (
        <Progress
          className={classes.bar}
          value={(part ?? 0) * 100}
          size={4}
          color={job.state === 'running' || job.state === 'verifying' ? 'green' : 'gray.5'}
          transitionDuration={200}
          aria-label={words.progress(job.label)}
        />
      )}
      <Group gap={10} wrap="nowrap" justify="space-between">
        <JobMark state={job.state} />
        <Text size="xs" c="dimmed" className={classes.numbers}>
          {[amount(job), pace(job)].filter(Boolean).join(m.separator)}
        </Text>
      </Group>
      {why && (
        <Text size="xs" c="dimmed">
          {why}
        </Text>
      )}
      {job.state === 'failed' && job.error && <Failed job={job} error={job.error} />}
      <Files job={job} />
    </li>
  );
}

function Failed({ job, error }: { job: JobView; error: NonNullable<JobView['error']> }) {
  const { clause, hint, action } = describeFailure({ ...error, log: [] });
  const other = elsewhere(action);
  return (
    <div className={classes.failed}>
      <div data-selectable>
        <Text size="xs" style={{ overflowWrap: 'anywhere' }}>
          {asSentence(clause)}
        </Text>
        {hint && (
          <Text size="xs" c="dimmed">
            {asSentence(hint)}
          </Text>
        )}
      </div>
      <Group gap={6}>
        {other && (
          <Button size="xs" onClick={other}>
            {m.errors.actions[action]}
          </Button>
        )}
        <Button size="xs" variant={other ? 'default' : 'filled'} onClick={() => void resumeJob(job)}>
          {words.again}
        </Button>
      </Group>
    </div>
  );
}

/** What helps, where that is in another place. */
function elsewhere(action: ErrorAction): (() => void) | null {
  const go = (open: () => void) => () => {
    patchWindow({ downloadsOpen: false });
    open();
  };
  if (action === 'setToken' || action === 'hubSettings') return go(() => openSettings('hub'));
  if (action === 'openFolders') return go(() => openSettings('folders'));
  return action === 'chooseEngine' ? go(() => openTab('engines')) : null;
}

/** So many are seen at a glance; more are folded. */
const FEW = 3;

function Files({ job }: { job: JobView }) {
  const { files } = job;
  const [open, setOpen] = useState(files.length <= FEW && job.state !== 'done');
  const listId = useId();
  const [first] = files;
  if (!first) return null;
  if (files.length === 1) {
    return (
      <Text size="xs" c="dimmed" className={classes.path} title={first.path}>
        {fileName(first.path)}
      </Text>
    );
  }
  const Chevron = open ? IconChevronDown : IconChevronRight;
  return (
    <div>
      <UnstyledButton
        className={classes.fold}
        aria-expanded={open}
        aria-controls={listId}
        aria-label={words.showFiles(words.files(files.length), job.label)}
        onClick={() => setOpen(!open)}
      >
        <Chevron size={13} aria-hidden />
        {words.files(files.length)}
      </UnstyledButton>
      <Collapse expanded={open} transitionDuration={0} id={listId}>
        <ul className={classes.files}>
          {files.map(file => (
            <li key={file.path}>
              <span className={classes.path} title={file.path}>
                {fileWords(file.path)}
              </span>
              <span className={classes.numbers}>{amount(file)}</span>
              <span className={classes.thin} aria-hidden>
                <span style={{ transform: `scaleX(${fraction(file) ?? 0})` }} />
              </span>
            </li>
          ))}
        </ul>
      </Collapse>
    </div>
  );
}
