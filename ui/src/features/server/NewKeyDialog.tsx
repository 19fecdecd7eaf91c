// Makes a key and shows it, once.
import { Button, Checkbox, Group, Modal, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { CopyButton } from '../../components/CopyButton';
import { Note } from '../../components/Note';
import { AppError } from '../../errors/app-error';
import { asSentence, describeFailure } from '../../errors/table';
import type { NewKey } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { m } from '../../messages';
import { serverWords as words } from '../../messages/server';
import classes from './Server.module.css';
import { refreshKeys } from './serving-queries';

type Props = {
  title: string;
  body?: string;
  confirm: string;
  /** What else is done as soon as there is a key. */
  onMade?: () => Promise<unknown>;
  onClose: () => void;
};

export function NewKeyDialog({ title, body, confirm, onMade, onClose }: Props) {
  const [made, setMade] = useState<NewKey | null>(null);
  return (
    <Modal
      opened
      onClose={onClose}
      title={made ? words.keyReady(made.name) : title}
      withCloseButton={false}
      // A click beside it or Escape must not throw away what is shown once.
      closeOnClickOutside={!made}
      closeOnEscape={!made}
    >
      {made ? (
        <Shown made={made} onClose={onClose} />
      ) : (
        <Ask body={body} confirm={confirm} onMade={onMade} onKey={setMade} onClose={onClose} />
      )}
    </Modal>
  );
}

function Ask({
  body,
  confirm,
  onMade,
  onKey,
  onClose,
}: Omit<Props, 'title'> & { onKey: (made: NewKey) => void }) {
  const [name, setName] = useState('');
  const [manage, setManage] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const make = async (event: FormEvent) => {
    event.preventDefault();
    if (!name.trim()) return;
    setBusy(true);
    try {
      const made = await client.addKey(name.trim(), manage);
      onKey(made);
      await refreshKeys();
      await onMade?.();
    } catch (error) {
      const { clause, hint } = describeFailure(AppError.unexpected(error));
      setProblem(`${asSentence(clause)} ${hint}`.trim());
      setBusy(false);
    }
  };
  return (
    <form onSubmit={make}>
      {body && (
        <Text size="sm" c="dimmed" mb="md">
          {body}
        </Text>
      )}
      <TextInput
        label={words.keyName}
        description={words.keyNameHelp}
        placeholder={words.keyNamePlaceholder}
        value={name}
        onChange={event => {
          setName(event.currentTarget.value);
          setProblem(null);
        }}
        maxLength={64}
        error={problem}
        autoComplete="off"
        data-autofocus
      />
      <Checkbox
        mt="md"
        label={words.keyManage}
        description={words.keyManageHelp}
        checked={manage}
        onChange={event => setManage(event.currentTarget.checked)}
      />
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={onClose}>
          {m.cancel}
        </Button>
        <Button type="submit" loading={busy} disabled={!name.trim()}>
          {confirm}
        </Button>
      </Group>
    </form>
  );
}

function Shown({ made, onClose }: { made: NewKey; onClose: () => void }) {
  return (
    <>
      <Note kind="warn" title={words.keyOnce} />
      <div className={classes.newKey}>
        <code data-selectable>{made.key}</code>
        <CopyButton text={made.key} what={words.key} word={words.copyKey} size="sm" />
      </div>
      <Group justify="flex-end" mt="lg">
        <Button onClick={onClose} data-autofocus>
          {words.keyDone}
        </Button>
      </Group>
    </>
  );
}
