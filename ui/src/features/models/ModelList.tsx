// Search, sort, add; then the models there are.
import { ActionIcon, Button, CloseButton, Group, Menu, Skeleton, TextInput, Tooltip } from '@mantine/core';
import { useMemo, useState } from 'react';
import { EmptyState } from '../../components/EmptyState';
import {
  IconAdd,
  IconAddFile,
  IconAddFolder,
  IconDiscover,
  IconFound,
  IconModels,
  IconSearch,
  IconSort,
} from '../../components/icons';
import { focusRow, moveInList } from '../../components/list-keys';
import { Note } from '../../components/Note';
import { useLate } from '../../components/use-late';
import { m } from '../../messages';
import { libraryWords } from '../../messages/library';
import { addFolder, pickFiles } from '../../state/actions';
import { keys, queryClient, useModels, useSettings } from '../../state/queries';
import { useActiveStatuses } from '../../state/status';
import { patchWindow, remember, remembered } from '../../state/window';
import { SEARCH_ID } from '../shell/use-shortcuts';
import { offerFound } from './library-queries';
import { ModelRow } from './ModelRow';
import classes from './Models.module.css';
import { filterModels, isSort, SORTS, type SortBy, sortModels } from './sort-filter';

const SORT = 'paddock.sort';

export function ModelList({ chosen }: { chosen: string | null }) {
  const { models, isPending, isSuccess, error } = useModels();
  const late = useLate(isPending);
  const active = useActiveStatuses();
  const [text, setText] = useState('');
  const [sort, setSort] = useState<SortBy>(() => {
    const last = remembered(SORT);
    return isSort(last) ? last : 'name';
  });
  const shown = useMemo(() => {
    const activeKeys = new Set(active.map(status => status.key));
    return sortModels(filterModels(models, text), sort, key => activeKeys.has(key));
  }, [models, text, sort, active]);

  const chooseSort = (by: SortBy) => {
    remember(SORT, by);
    setSort(by);
  };
  return (
    <section className={classes.list} aria-label={m.models.list}>
      <div className={classes.tools} hidden={isSuccess && models.length === 0}>
        <TextInput
          id={SEARCH_ID}
          flex={1}
          leftSection={<IconSearch size={15} />}
          aria-label={m.models.searchLabel}
          placeholder={m.models.search(models.length)}
          value={text}
          onChange={event => setText(event.currentTarget.value)}
          onKeyDown={event => {
            if (event.key === 'Escape') setText('');
            if (event.key === 'ArrowDown') focusRow(event, 0);
          }}
          rightSection={
            text && <CloseButton size="sm" aria-label={m.models.clearSearch} onClick={() => setText('')} />
          }
        />
        <SortMenu sort={sort} onSort={chooseSort} />
        <AddMenu />
      </div>
      {error && (
        <div style={{ padding: '0 12px' }}>
          <Note
            kind="bad"
            title={m.models.listFailed}
            action={
              <Button
                size="xs"
                variant="default"
                onClick={() => void queryClient.invalidateQueries({ queryKey: keys.models })}
              >
                {m.models.retry}
              </Button>
            }
          >
            {error.message}
          </Note>
        </div>
      )}
      {late && <Waiting />}
      {isSuccess && models.length === 0 && <NoModels />}
      {models.length > 0 && shown.length === 0 && (
        <EmptyState
          title={m.models.noMatchTitle}
          action={
            <Button variant="default" onClick={() => setText('')}>
              {m.models.clearSearch}
            </Button>
          }
        >
          {m.models.noMatchBody(text.trim())}
        </EmptyState>
      )}
      {shown.length > 0 && (
        <ul className={classes.rows} onKeyDown={moveInList}>
          {shown.map(model => (
            <ModelRow key={model.key} model={model} chosen={model.key === chosen} />
          ))}
        </ul>
      )}
    </section>
  );
}

function SortMenu({ sort, onSort }: { sort: SortBy; onSort: (by: SortBy) => void }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={m.models.sort}>
          <ActionIcon variant="default" size={30} aria-label={m.models.sort}>
            <IconSort size={16} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.RadioGroup value={sort} onChange={value => onSort(value as SortBy)}>
          {SORTS.map(by => (
            <Menu.RadioItem key={by} value={by}>
              {m.models.sortBy[by]}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}

function AddMenu() {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" h={30} leftSection={<IconAdd size={15} />} aria-label={m.models.addLabel}>
          {m.models.add}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconAddFile size={15} />} onClick={() => void pickFiles()}>
          {m.models.addFiles}
        </Menu.Item>
        <Menu.Item leftSection={<IconAddFolder size={15} />} onClick={() => void addFolder()}>
          {m.models.addFolder}
        </Menu.Item>
        <Menu.Item leftSection={<IconFound size={15} />} onClick={() => offerFound(true)}>
          {libraryWords.found.menu}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function NoModels() {
  const folder = useSettings().data?.paddockModelsFolder;
  return (
    <EmptyState
      icon={<IconModels size={30} stroke={1.2} />}
      title={m.models.emptyTitle}
      note={folder && m.models.emptyHint(folder)}
      action={
        <Group gap="xs" justify="center">
          <Button leftSection={<IconDiscover size={15} />} onClick={() => patchWindow({ tab: 'discover' })}>
            {m.models.find}
          </Button>
          <Button variant="default" leftSection={<IconAddFile size={15} />} onClick={() => void pickFiles()}>
            {m.models.addFiles}
          </Button>
          <Button
            variant="default"
            leftSection={<IconAddFolder size={15} />}
            onClick={() => void addFolder()}
          >
            {m.models.addFolder}
          </Button>
          <Button variant="default" leftSection={<IconFound size={15} />} onClick={() => offerFound(true)}>
            {libraryWords.found.menu}
          </Button>
        </Group>
      }
    >
      {m.models.emptyBody}
    </EmptyState>
  );
}

function Waiting() {
  return (
    <div className={classes.rows} role="status" aria-label={m.loading}>
      {[190, 140, 220, 160, 180].map(width => (
        <div key={width} className={classes.row}>
          <div className={classes.rowLine}>
            <Skeleton h={12} w={width} />
            <Skeleton h={22} w={50} />
          </div>
          <Skeleton h={10} w={width * 0.7} my={4} />
        </div>
      ))}
    </div>
  );
}
