// Kept chats: search, open, rename, export, delete.
import { ActionIcon, Button, CloseButton, Group, Menu, Modal, Text, TextInput, Tooltip } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { type FormEvent, type KeyboardEvent, useState } from 'react';
import { Confirm } from '../../components/Confirm';
import { EmptyState } from '../../components/EmptyState';
import { IconBack, IconMore, IconNewChat, IconSearch } from '../../components/icons';
import { focusRow, moveInList } from '../../components/list-keys';
import { Note } from '../../components/Note';
import { asSentence } from '../../errors/table';
import { timeAgo } from '../../format';
import type { ChatHead } from '../../ipc/bindings';
import { m } from '../../messages';
import { chatWords } from '../../messages/chat';
import { useModelName } from '../../state/queries';
import { keyNames } from '../shell/use-shortcuts';
import classes from './Chat.module.css';
import { exportChat, removeChat, renameChat, titleOf } from './chat-actions';
import { useChats } from './chat-queries';
import { useChat } from './chat-store';

const words = chatWords.list;

type Props = { onNew: () => void; onChoose: (id: string) => void; onBack: (() => void) | null };
type Asking = { what: 'rename' | 'remove'; head: ChatHead };

export function ChatList({ onNew, onChoose, onBack }: Props) {
  const [text, setText] = useState('');
  const [wanted] = useDebouncedValue(text.trim(), 150);
  const { chats, isPending, error } = useChats(wanted);
  const current = useChat(open => open.chat.id);
  const [asking, setAsking] = useState<Asking | null>(null);
  const close = () => setAsking(null);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.key === 'ArrowDown') focusRow(event, 0);
    if (event.key === 'Escape' && text !== '') {
      event.stopPropagation();
      setText('');
    }
  };
  return (
    <section className={classes.list} aria-label={words.label}>
      <div className={classes.tools}>
        {onBack && (
          <ActionIcon onClick={onBack} aria-label={words.back} size={30}>
            <IconBack size={17} />
          </ActionIcon>
        )}
        <TextInput
          flex={1}
          data-chat-search
          aria-label={words.search}
          placeholder={words.search}
          value={text}
          onChange={event => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          leftSection={<IconSearch size={15} />}
          rightSection={
            text !== '' && <CloseButton size="xs" aria-label={words.clear} onClick={() => setText('')} />
          }
        />
        <Tooltip label={words.createKeys(keyNames('N'))}>
          <ActionIcon variant="default" size={30} onClick={onNew} aria-label={words.create}>
            <IconNewChat size={16} />
          </ActionIcon>
        </Tooltip>
      </div>
      {error && (
        <Note kind="bad" title={words.failed}>
          {asSentence(error.message)}
        </Note>
      )}
      {chats.length === 0 && !isPending && !error ? (
        wanted === '' ? (
          <EmptyState title={words.none}>{words.noneBody}</EmptyState>
        ) : (
          <Text c="dimmed" p="md">
            {words.noMatch(wanted)}
          </Text>
        )
      ) : (
        <ul className={classes.rows} onKeyDown={moveInList}>
          {chats.map(head => (
            <Row
              key={head.id}
              head={head}
              chosen={head.id === current}
              onChoose={onChoose}
              onAsk={what => setAsking({ what, head })}
            />
          ))}
        </ul>
      )}
      {asking?.what === 'remove' && (
        <Confirm
          title={words.removeTitle(titleOf(asking.head))}
          confirm={words.removeConfirm}
          onConfirm={() => removeChat(asking.head)}
          onClose={close}
        >
          {words.removeBody(asking.head.messageCount)}
        </Confirm>
      )}
      {asking?.what === 'rename' && <Rename head={asking.head} onClose={close} />}
    </section>
  );
}

type RowProps = {
  head: ChatHead;
  chosen: boolean;
  onChoose: (id: string) => void;
  onAsk: (what: Asking['what']) => void;
};

function Row({ head, chosen, onChoose, onAsk }: RowProps) {
  const nameOf = useModelName();
  const title = titleOf(head);
  const about = head.problem
    ? words.broken
    : (head.found ??
      [timeAgo(head.updatedAt), head.model && nameOf(head.model)].filter(Boolean).join(m.separator));
  return (
    <li className={classes.row} data-chosen={chosen || undefined}>
      <button
        type="button"
        className={classes.target}
        data-row
        aria-current={chosen || undefined}
        title={head.problem ?? undefined}
        disabled={head.problem !== null}
        onClick={() => onChoose(head.id)}
      >
        <span className={classes.rowTitle}>{title}</span>
        <span className={classes.rowAbout} data-bad={head.problem !== null || undefined}>
          {about}
        </span>
      </button>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon size="xs" className={classes.rowMenu} aria-label={words.more(title)}>
            <IconMore size={15} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item disabled={head.problem !== null} onClick={() => onAsk('rename')}>
            {words.rename}
          </Menu.Item>
          <Menu.Item disabled={head.problem !== null} onClick={() => void exportChat(head)}>
            {words.export}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item color="red" onClick={() => onAsk('remove')}>
            {words.remove}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </li>
  );
}

function Rename({ head, onClose }: { head: ChatHead; onClose: () => void }) {
  const [name, setName] = useState(head.title);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === '') return;
    onClose();
    await renameChat(head, name);
  };
  return (
    <Modal opened onClose={onClose} title={words.renameTitle} withCloseButton={false}>
      <form onSubmit={submit}>
        <TextInput
          label={words.name}
          value={name}
          maxLength={120}
          data-autofocus
          onChange={event => setName(event.currentTarget.value)}
        />
        <Group justify="flex-end" gap="xs" mt="lg">
          <Button variant="default" onClick={onClose}>
            {m.cancel}
          </Button>
          <Button type="submit" disabled={name.trim() === ''}>
            {words.save}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
