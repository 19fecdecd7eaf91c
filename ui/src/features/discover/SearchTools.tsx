// What to look for: words or a link, the order, and filters as chips.
import { ActionIcon, Button, CloseButton, Group, Menu, Popover, TextInput, Tooltip } from '@mantine/core';
import { type ClipboardEvent, type FormEvent, useState } from 'react';
import { IconAuthor, IconCheck, IconChevronDown, IconSearch, IconSort } from '../../components/icons';
import { focusRow } from '../../components/list-keys';
import type { HubSort } from '../../ipc/bindings';
import { discoverWords as words } from '../../messages/discover';
import { openRepo } from '../../state/window';
import shared from '../models/Models.module.css';
import { HUB_SEARCH_ID } from '../shell/use-shortcuts';
import classes from './Discover.module.css';
import { parseReference } from './reference';
import { HUB_SORTS, patchSearch, useSearch } from './search';

export function SearchTools() {
  const { text } = useSearch();
  const paste = (event: ClipboardEvent) => {
    const reference = parseReference(event.clipboardData.getData('text'));
    // A link in the middle of other words is not one.
    if (reference && text === '') openRepo(reference.repo, reference.target);
  };
  const submit = () => {
    const reference = parseReference(text);
    if (reference) openRepo(reference.repo, reference.target);
  };
  return (
    <>
      <div className={shared.tools}>
        <TextInput
          id={HUB_SEARCH_ID}
          flex={1}
          leftSection={<IconSearch size={15} />}
          aria-label={words.searchLabel}
          placeholder={words.search}
          spellCheck={false}
          value={text}
          onChange={event => patchSearch({ text: event.currentTarget.value })}
          onPaste={paste}
          onKeyDown={event => {
            if (event.key === 'Escape') patchSearch({ text: '' });
            if (event.key === 'Enter') submit();
            if (event.key === 'ArrowDown') focusRow(event, 0);
          }}
          rightSection={
            text && (
              <CloseButton size="sm" aria-label={words.clear} onClick={() => patchSearch({ text: '' })} />
            )
          }
        />
        <SortMenu />
      </div>
      <Group className={classes.chips} gap={6} role="group" aria-label={words.filters}>
        <FitsChip />
        <AuthorChip />
        <TaskChip />
      </Group>
    </>
  );
}

function SortMenu() {
  const { sort } = useSearch();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={`${words.sort}: ${words.sortBy[sort]}`}>
          <ActionIcon variant="default" size={30} aria-label={words.sort}>
            <IconSort size={16} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.RadioGroup value={sort} onChange={value => patchSearch({ sort: value as HubSort })}>
          {HUB_SORTS.map(by => (
            <Menu.RadioItem key={by} value={by}>
              {words.sortBy[by]}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}

const chip = (on: boolean) =>
  ({ size: 'xs', variant: on ? 'light' : 'default', radius: 'xl', className: classes.chip }) as const;

function FitsChip() {
  const { fits } = useSearch();
  return (
    <Button
      {...chip(fits)}
      aria-pressed={fits}
      leftSection={fits && <IconCheck size={13} />}
      onClick={() => patchSearch({ fits: !fits })}
    >
      {words.fits}
    </Button>
  );
}

function AuthorChip() {
  const { author } = useSearch();
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    patchSearch({ author: typed.trim() || null });
    setOpen(false);
  };
  if (author !== null) {
    return (
      <Button
        {...chip(true)}
        leftSection={<IconAuthor size={13} />}
        rightSection={<span aria-hidden>{CROSS}</span>}
        aria-label={words.clearFilter(author)}
        onClick={() => patchSearch({ author: null })}
      >
        {author}
      </Button>
    );
  }
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" trapFocus returnFocus>
      <Popover.Target>
        <Button {...chip(false)} rightSection={<IconChevronDown size={12} />} onClick={() => setOpen(!open)}>
          {words.author}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={words.author}>
        <form onSubmit={submit}>
          <Group gap="xs" wrap="nowrap">
            <TextInput
              w={210}
              aria-label={words.author}
              placeholder={words.authorPlaceholder}
              value={typed}
              onChange={event => setTyped(event.currentTarget.value)}
              data-autofocus
            />
            <Button type="submit" variant="default">
              {words.apply}
            </Button>
          </Group>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

const CROSS = '×';
const TASKS = Object.entries(words.tasks);

function TaskChip() {
  const { task } = useSearch();
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button {...chip(task !== null)} rightSection={<IconChevronDown size={12} />}>
          {TASKS.find(([name]) => name === task)?.[1] ?? words.task}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.RadioGroup value={task ?? ''} onChange={value => patchSearch({ task: value || null })}>
          <Menu.RadioItem value="">{words.anyTask}</Menu.RadioItem>
          {TASKS.map(([name, label]) => (
            <Menu.RadioItem key={name} value={name}>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}
