// A log as it grows: follows the newest line until somebody scrolls back. Can be searched and narrowed to what is loud;
// what is copied or saved is what is shown.
import {
  ActionIcon,
  Button,
  CloseButton,
  Group,
  SegmentedControl,
  Text,
  TextInput,
  Tooltip,
} from '@mantine/core';
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { saveText } from '../features/report/save-text';
import { grouped } from '../format';
import { m } from '../messages';
import { reportWords } from '../messages/report';
import type { Log } from '../state/log';
import { patchWindow } from '../state/window';
import { CopyButton } from './CopyButton';
import { EmptyState } from './EmptyState';
import { IconNewest, IconReport, IconSave, IconSearch, IconWrap } from './icons';
import classes from './LogView.module.css';
import { type Level, linesOf, parts } from './log-lines';
import { Note } from './Note';
import { Scroll } from './Scroll';

const words = reportWords.log;
const LEVELS: readonly Level[] = ['all', 'warning', 'error'];

type Props = { log: Log; label: string; name: string };

export function LogView({ log, label, name }: Props) {
  const box = useRef<HTMLElement>(null);
  const [following, setFollowing] = useState(true);
  const [wrap, setWrap] = useState(true);
  const [typed, setTyped] = useState('');
  const [level, setLevel] = useState<Level>('all');
  const search = useDeferredValue(typed.trim());
  const lines = useMemo(() => linesOf(log.lines, search, level), [log.lines, search, level]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls because of new lines and new wrapping
  useEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [log.lines, following, wrap, search, level]);

  if (log.failure) {
    return (
      <Note kind="bad" title={m.log.failed}>
        {log.failure.message}
      </Note>
    );
  }
  if (log.lines.length === 0) {
    return log.loading ? (
      <div style={{ flex: 1 }} />
    ) : (
      <EmptyState title={m.log.emptyTitle}>{m.log.emptyBody}</EmptyState>
    );
  }
  const onScroll = () => {
    const element = box.current;
    if (element) setFollowing(element.scrollHeight - element.scrollTop - element.clientHeight < 24);
  };
  const text = () => lines.map(line => line.text).join('\n');
  const all = grouped(log.lines.length);
  return (
    <div className={classes.frame}>
      <Group gap={8} className={classes.bar} wrap="nowrap">
        <TextInput
          size="xs"
          className={classes.search}
          aria-label={words.search}
          placeholder={words.search}
          value={typed}
          onChange={event => setTyped(event.currentTarget.value)}
          onKeyDown={event => {
            if (event.key === 'Escape') setTyped('');
          }}
          leftSection={<IconSearch size={13} aria-hidden />}
          rightSection={
            typed !== '' && <CloseButton size="xs" aria-label={words.clear} onClick={() => setTyped('')} />
          }
          autoComplete="off"
          spellCheck={false}
        />
        <SegmentedControl
          size="xs"
          aria-label={words.level}
          value={level}
          onChange={value => setLevel(value as Level)}
          data={LEVELS.map(value => ({ value, label: words.levels[value] }))}
        />
        <Text size="xs" c="dimmed" className={classes.count} role="status">
          {lines.length === log.lines.length ? m.log.lines(all) : words.some(grouped(lines.length), all)}
        </Text>
        <Group gap={2} wrap="nowrap">
          <Tooltip label={m.log.wrap}>
            <ActionIcon
              size="xs"
              aria-label={m.log.wrap}
              aria-pressed={wrap}
              variant={wrap ? 'light' : 'subtle'}
              color={wrap ? 'green' : 'gray'}
              onClick={() => setWrap(!wrap)}
            >
              <IconWrap size={14} />
            </ActionIcon>
          </Tooltip>
          <CopyButton text={text} what={m.log.copyAll} />
          <Tooltip label={words.save}>
            <ActionIcon
              size="xs"
              aria-label={words.save}
              onClick={() => void saveText(logFile(name), `${text()}\n`)}
            >
              <IconSave size={14} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label={reportWords.open}>
            <ActionIcon
              size="xs"
              aria-label={reportWords.open}
              onClick={() => patchWindow({ reporting: true })}
            >
              <IconReport size={14} />
            </ActionIcon>
          </Tooltip>
        </Group>
      </Group>
      {lines.length === 0 ? (
        <EmptyState title={words.noneTitle}>{words.none}</EmptyState>
      ) : (
        // Not a live region: that would read every line aloud.
        <Scroll
          ref={box}
          className={classes.box}
          label={label}
          onScroll={onScroll}
          data-selectable
          data-wrap={wrap || undefined}
        >
          {lines.map(line => (
            <div key={line.number} className={classes.line} data-level={line.level}>
              {search === '' ? line.text : <Found text={line.text} search={search} />}
            </div>
          ))}
        </Scroll>
      )}
      {!following && lines.length > 0 && (
        <Button
          className={classes.newest}
          size="xs"
          variant="default"
          leftSection={<IconNewest size={14} />}
          onClick={() => setFollowing(true)}
        >
          {m.log.follow}
        </Button>
      )}
    </div>
  );
}

function Found({ text, search }: { text: string; search: string }) {
  return parts(text, search).map(({ at, piece, found }) => (found ? <mark key={at}>{piece}</mark> : piece));
}

/** A name that every file system takes. */
const logFile = (name: string) => `${name.replace(/[^\p{L}\p{N}._-]+/gu, '-')}.log`;
