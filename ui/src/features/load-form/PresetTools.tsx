// Presets, and parameters from and to elsewhere.
import { ActionIcon, Button, Group, Menu, Modal, Select, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Confirm } from '../../components/Confirm';
import { copyText } from '../../components/clipboard';
import { IconMore } from '../../components/icons';
import type { LoadForm, LoadParams, Preset } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { m } from '../../messages';
import { memoryWords as words } from '../../messages/memory';
import { attempt } from '../../state/actions';
import { paramSaver } from '../../state/param-saver';
import { keys, queryClient, setNames } from '../../state/queries';
import classes from './Memory.module.css';
import { PasteDialog } from './PasteDialog';
import type { Draft } from './use-draft';

const NO_PRESETS: Preset[] = [];
const NONE = '';

type Dialog = 'save' | 'remove' | 'paste';

export function PresetTools({ form, draft }: { form: LoadForm; draft: Draft }) {
  const presets = useQuery({ queryKey: keys.presets, queryFn: client.listPresets }).data ?? NO_PRESETS;
  const defaults = useQuery({ queryKey: keys.defaults, queryFn: client.modelDefaults }).data;
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const close = () => setDialog(null);
  const current = presets.find(one => one.name === form.preset) ?? null;
  const choose = (preset: string | null) =>
    attempt(words.doing.usePreset, () => choosePreset(form.key, preset));
  const saveDefaults = (params: LoadParams) => attempt(words.doing.saveDefaults, () => keepDefaults(params));
  return (
    <>
      <Select
        className={classes.preset}
        aria-label={words.presetLabel}
        allowDeselect={false}
        value={form.preset ?? NONE}
        data={[{ value: NONE, label: words.noPreset }, ...presets.map(({ name }) => name)]}
        onChange={value => void choose(value === NONE ? null : value)}
      />
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon size="sm" variant="default" aria-label={words.more}>
            <IconMore size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item disabled={setNames(draft.params).length === 0} onClick={() => setDialog('save')}>
            {words.saveAs}
          </Menu.Item>
          {current && (
            <Menu.Item onClick={() => setDialog('remove')}>{words.removePreset(current.name)}</Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item
            disabled={setNames(draft.params).length === 0}
            onClick={() => void saveDefaults(draft.params)}
          >
            {words.makeDefaults}
          </Menu.Item>
          {defaults && setNames(defaults).length > 0 && (
            <Menu.Item onClick={() => void saveDefaults({})}>{words.clearDefaults}</Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item onClick={() => setDialog('paste')}>{words.paste}</Menu.Item>
          <Menu.Item onClick={() => void copyText(asJson(draft.params))}>{words.copyJson}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === 'save' && (
        <SaveDialog form={form} params={draft.params} presets={presets} onClose={close} />
      )}
      {dialog === 'remove' && current && (
        <Confirm
          title={words.removeTitle(current.name)}
          confirm={words.removeConfirm}
          onConfirm={() => removePreset(current.name)}
          onClose={close}
        >
          {words.removeBody(current.usedBy.length)}
        </Confirm>
      )}
      {dialog === 'paste' && <PasteDialog form={form} draft={draft} onClose={close} />}
    </>
  );
}

/** What is set, without what is not. */
export function asJson(params: LoadParams): string {
  const set = Object.fromEntries(Object.entries(params).filter(([, value]) => value !== null));
  return JSON.stringify(set, null, 2);
}

async function refreshForms(): Promise<void> {
  await Promise.all(
    [keys.presets, keys.defaults, keys.loadForms, keys.previews, keys.estimates].map(queryKey =>
      queryClient.invalidateQueries({ queryKey }),
    ),
  );
}

async function choosePreset(key: string, preset: string | null): Promise<void> {
  // The form is read anew: what is typed must be in it.
  await paramSaver.flush(key);
  await client.choosePreset(key, preset);
  await refreshForms();
}

async function keepDefaults(params: LoadParams): Promise<void> {
  await client.saveModelDefaults(params);
  await refreshForms();
}

async function removePreset(name: string): Promise<void> {
  await attempt(words.doing.removePreset(name), () => client.removePreset(name));
  await refreshForms();
}

function SaveDialog({
  form,
  params,
  presets,
  onClose,
}: {
  form: LoadForm;
  params: LoadParams;
  presets: Preset[];
  onClose: () => void;
}) {
  const [typed, setTyped] = useState(form.preset ?? '');
  const [busy, setBusy] = useState(false);
  const name = typed.trim();
  const replaces = presets.some(one => one.name === name);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (!name) return;
    setBusy(true);
    const done = await attempt(words.doing.savePreset, async () => {
      await client.savePreset(name, params);
      await choosePreset(form.key, name);
      return true;
    });
    setBusy(false);
    if (done) onClose();
  };
  return (
    <Modal opened onClose={onClose} title={words.saveTitle} withCloseButton={false}>
      <form onSubmit={save}>
        <Text size="sm" c="dimmed" mb="md">
          {words.saveBody}
        </Text>
        <TextInput
          label={words.presetName}
          placeholder={words.presetPlaceholder}
          value={typed}
          onChange={event => setTyped(event.currentTarget.value)}
          description={replaces ? words.replaces : undefined}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          maxLength={64}
          autoComplete="off"
          data-autofocus
        />
        <Group justify="flex-end" gap="xs" mt="lg">
          <Button variant="default" onClick={onClose}>
            {m.cancel}
          </Button>
          <Button type="submit" disabled={!name} loading={busy}>
            {replaces ? words.replaceButton : words.saveButton}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
