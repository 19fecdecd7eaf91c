// What other apps hold on this machine, to choose from before anything is added.
import { Button, Checkbox, Group, Modal, Text } from '@mantine/core';
import { useState } from 'react';
import { EmptyState } from '../../components/EmptyState';
import { Note } from '../../components/Note';
import { Scroll } from '../../components/Scroll';
import { Tag } from '../../components/Tag';
import { bytes } from '../../format';
import type { FoundModel } from '../../ipc/bindings';
import { m } from '../../messages';
import { libraryWords } from '../../messages/library';
import { importFound } from '../../state/actions';
import classes from './Library.module.css';
import { offerFound, useFound, useFoundOffered } from './library-queries';

const words = libraryWords.found;

export function FoundDialog() {
  if (!useFoundOffered()) return null;
  return <Opened />;
}

function Opened() {
  const { data, isPending, error } = useFound();
  const found = data ?? [];
  const fresh = found.filter(model => model.key === null);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [copy, setCopy] = useState(false);
  const [busy, setBusy] = useState(false);
  const chosen = fresh.filter(model => !left.has(model.path));
  const close = () => offerFound(false);
  const choose = (models: FoundModel[], on: boolean) =>
    setLeft(before => {
      const next = new Set(before);
      for (const { path } of models) on ? next.delete(path) : next.add(path);
      return next;
    });
  const add = async () => {
    setBusy(true);
    const done = await importFound(
      [...new Set(chosen.map(model => model.app))],
      chosen.map(model => model.path),
      copy,
    );
    setBusy(false);
    if (done) close();
  };
  return (
    <Modal opened onClose={close} title={words.title} size="lg" closeButtonProps={{ 'aria-label': m.close }}>
      {found.length > 0 && (
        <Text size="sm" c="dimmed" mb="sm">
          {words.body}
        </Text>
      )}
      {isPending && (
        <Text role="status" c="dimmed" py="lg" ta="center">
          {words.looking}
        </Text>
      )}
      {error && (
        <Note kind="bad" title={words.failed}>
          {error.message}
        </Note>
      )}
      {data && found.length === 0 && <EmptyState title={words.none}>{words.noneBody}</EmptyState>}
      {found.length > 0 && (
        <Scroll className={classes.found} label={words.title}>
          {byApp(found).map(models => (
            <AppModels key={models[0]?.app} models={models} left={left} onChoose={choose} />
          ))}
        </Scroll>
      )}
      <Group justify="space-between" align="center" mt="md" wrap="nowrap" gap="sm">
        {fresh.length > 0 ? (
          <Checkbox
            size="sm"
            label={words.copy}
            description={words.copyHelp}
            checked={copy}
            onChange={event => setCopy(event.currentTarget.checked)}
          />
        ) : (
          <span />
        )}
        <Group gap="xs" wrap="nowrap">
          <Button variant="default" onClick={close}>
            {fresh.length > 0 ? m.cancel : m.close}
          </Button>
          {fresh.length > 0 && (
            <Button loading={busy} disabled={chosen.length === 0} onClick={() => void add()}>
              {words.add(chosen.length)}
            </Button>
          )}
        </Group>
      </Group>
    </Modal>
  );
}

function AppModels({
  models,
  left,
  onChoose,
}: {
  models: FoundModel[];
  left: ReadonlySet<string>;
  onChoose: (models: FoundModel[], on: boolean) => void;
}) {
  const fresh = models.filter(model => model.key === null);
  const chosen = fresh.filter(model => !left.has(model.path));
  const title = words.all(models[0]?.appTitle ?? '', models.length);
  return (
    <fieldset className={classes.app}>
      <legend>
        <Checkbox
          label={title}
          fw={600}
          disabled={fresh.length === 0}
          checked={chosen.length === fresh.length}
          indeterminate={chosen.length > 0 && chosen.length < fresh.length}
          onChange={event => onChoose(fresh, event.currentTarget.checked)}
        />
      </legend>
      {models.map(model => (
        <div key={model.path} className={classes.foundRow}>
          <Checkbox
            className={classes.foundName}
            label={model.title}
            description={fileName(model.path)}
            disabled={model.key !== null}
            checked={model.key !== null || !left.has(model.path)}
            onChange={event => onChoose([model], event.currentTarget.checked)}
          />
          {model.hasProjector && <Tag>{words.vision}</Tag>}
          {model.key !== null && <Tag>{words.known}</Tag>}
          <span className={classes.foundSize}>{bytes(model.sizeBytes)}</span>
        </div>
      ))}
    </fieldset>
  );
}

function byApp(found: FoundModel[]): FoundModel[][] {
  const apps = new Map<string, FoundModel[]>();
  for (const model of found) apps.set(model.app, [...(apps.get(model.app) ?? []), model]);
  return [...apps.values()];
}

/** Ollama's files are called by their hash, which tells nobody anything. */
const fileName = (path: string) => /[^\\/]+\.gguf$/i.exec(path)?.[0];
