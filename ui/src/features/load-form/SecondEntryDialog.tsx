// The same file under another name, with parameters of its own.
import { Button, Group, Modal, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { Model } from '../../ipc/bindings';
import { m } from '../../messages';
import { policyWords as words } from '../../messages/policy';
import { addAlias } from '../../state/policy';
import { isAlias } from './StayGroup';

export function SecondEntryDialog({ model, onClose }: { model: Model; onClose: () => void }) {
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const name = typed.trim().toLowerCase();
  const wrong = name !== '' && !isAlias(name);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!name || wrong) return;
    setBusy(true);
    if (await addAlias(model, name, true)) onClose();
    else setBusy(false);
  };
  return (
    <Modal opened onClose={onClose} title={words.secondTitle} withCloseButton={false}>
      <form onSubmit={submit}>
        <Text size="sm" c="dimmed" mb="md">
          {words.secondBody}
        </Text>
        <TextInput
          label={words.secondName}
          placeholder={`${model.name}-2`}
          value={typed}
          onChange={event => setTyped(event.currentTarget.value)}
          error={wrong && words.aliasInvalid}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
        />
        <Group justify="flex-end" gap="xs" mt="lg">
          <Button variant="default" onClick={onClose}>
            {m.cancel}
          </Button>
          <Button type="submit" disabled={!name || wrong} loading={busy}>
            {words.secondMake}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
