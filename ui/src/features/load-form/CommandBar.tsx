// Below the form: the exact command line, and that a running model still has another.
import { ActionIcon, Button, Text, Tooltip } from '@mantine/core';
import { useState } from 'react';
import { CopyButton } from '../../components/CopyButton';
import { IconChevronDown, IconChevronRight } from '../../components/icons';
import { Scroll } from '../../components/Scroll';
import { shellLine } from '../../format';
import { m } from '../../messages';
import classes from './Form.module.css';

type Props = {
  commandLine: string[] | null;
  /** The line that runs without Paddock, with its variables and without our port; null where that failed. */
  onCopy: () => Promise<string | null>;
  failed: string | null;
  changed: string[];
  onReload: () => void;
  canReload: boolean;
};

export function CommandBar({ commandLine, onCopy, failed, changed, onReload, canReload }: Props) {
  const [open, setOpen] = useState(false);
  const toggle = open ? m.form.showLess : m.form.showAll;
  const Chevron = open ? IconChevronDown : IconChevronRight;
  return (
    <footer className={classes.foot}>
      {changed.length > 0 && (
        <div className={classes.reload} role="status">
          <Text span size="sm" c="var(--pd-warn)">
            {m.form.appliesOnReload(changed)}
          </Text>
          <Button size="xs" flex="none" disabled={!canReload} onClick={onReload}>
            {m.models.reload}
          </Button>
        </div>
      )}
      <div className={classes.command}>
        <Tooltip label={toggle}>
          <ActionIcon
            size="xs"
            aria-label={toggle}
            aria-expanded={open}
            onClick={() => setOpen(!open)}
            ml={-6}
          >
            <Chevron size={14} />
          </ActionIcon>
        </Tooltip>
        {failed ? (
          <Text size="xs" c="var(--pd-bad)" lh="24px" flex={1}>
            {m.form.previewFailed(failed)}
          </Text>
        ) : (
          <Scroll
            className={classes.commandText}
            label={m.form.commandLine}
            data-open={open || undefined}
            data-selectable
          >
            {commandLine && shellLine(open ? commandLine : inShort(commandLine))}
          </Scroll>
        )}
        {commandLine && <CopyButton text={onCopy} what={m.form.commandLineCopy} />}
      </div>
    </footer>
  );
}

/** Where Paddock lets the engine listen, and under which name. */
const OWNED = ['--alias', '--host', '--port'];

/** What fits into one line: file names without folders, and not what is the same for every model. */
function inShort(commandLine: string[]): string[] {
  return commandLine
    .filter((word, index) => !OWNED.includes(word) && !OWNED.includes(commandLine[index - 1] ?? ''))
    .map(word => (/^(?:\/|[A-Za-z]:\\)/.test(word) ? `…/${word.split(/[\\/]/).at(-1)}` : word));
}
