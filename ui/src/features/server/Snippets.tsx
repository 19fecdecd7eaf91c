// Ready to paste: how a program, an editor or an app talks to a model.
import { Group, Select, Tabs, Text } from '@mantine/core';
import { useState } from 'react';
import { CopyButton } from '../../components/CopyButton';
import { Scroll } from '../../components/Scroll';
import { Section } from '../../components/Section';
import { m } from '../../messages';
import { serverWords as words } from '../../messages/server';
import { useModels } from '../../state/queries';
import type { ModelStatus } from '../../state/status';
import { remember, remembered } from '../../state/window';
import { EDITORS } from './editors';
import { isLoopbackUrl } from './loopback';
import classes from './Server.module.css';
import { SNIPPETS, type SnippetKind, snippet, type Target, YOUR_KEY } from './snippets';

const KIND = 'paddock.snippet';
const EDITOR = 'paddock.editor';
const USUAL_CONTEXT = 8192;

type Props = {
  url: string;
  running: ModelStatus[];
  chosen: string | null;
  /** There are keys, so one is needed. */
  needsKey: boolean;
};

export function Snippets({ url, running, chosen, needsKey }: Props) {
  const { models } = useModels();
  const [kind, setKind] = useState<SnippetKind>(
    () => SNIPPETS.find(one => one === remembered(KIND)) ?? 'curl',
  );
  const [editorId, setEditorId] = useState(() => remembered(EDITOR));
  const [picked, setPicked] = useState<string | null>(null);
  const model = picked ?? running[0]?.key ?? chosen ?? models[0]?.key ?? null;
  const editor = EDITORS.find(one => one.id === editorId) ?? EDITORS[0];
  if (!model || !editor) return null;
  const target: Target = {
    url,
    model,
    key: needsKey ? YOUR_KEY : null,
    context: Number(running.find(one => one.key === model)?.server?.appliedParams.ctxSize) || USUAL_CONTEXT,
  };
  const text = kind === 'editor' ? editor.text(target) : snippet(kind, target);
  const what = kind === 'editor' ? editor.name : m.server.tabs[kind];
  const choose = (value: string | null) => {
    const next = SNIPPETS.find(one => one === value);
    if (!next) return;
    remember(KIND, next);
    setKind(next);
  };
  const chooseEditor = (id: string | null) => {
    if (!id) return;
    remember(EDITOR, id);
    setEditorId(id);
  };
  const notes = [needsKey && words.snippetsKey, kind === 'editor' && editor.note].filter(Boolean);
  return (
    <Section
      title={m.server.snippets}
      body={isLoopbackUrl(url) && !needsKey ? m.server.snippetsBodyLocal : m.server.snippetsBody}
      action={
        <Select
          w={220}
          aria-label={m.server.snippetModel}
          allowDeselect={false}
          value={model}
          onChange={setPicked}
          data={models.map(({ key, name, quantization }) => ({
            value: key,
            label: [name, quantization].filter(Boolean).join(m.separator),
          }))}
        />
      }
    >
      <Tabs value={kind} onChange={choose}>
        <Tabs.List>
          {SNIPPETS.map(one => (
            <Tabs.Tab key={one} value={one}>
              {one === 'editor' ? words.editors : m.server.tabs[one]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {SNIPPETS.map(one => (
          <Tabs.Panel key={one} value={one}>
            {one === 'editor' && (
              <Group gap="md" mt={10} wrap="nowrap">
                <Select
                  w={220}
                  style={{ flex: 'none' }}
                  aria-label={words.editorLabel}
                  allowDeselect={false}
                  value={editor.id}
                  onChange={chooseEditor}
                  data={EDITORS.map(({ id, name }) => ({ value: id, label: name }))}
                />
                <Text size="xs" c="dimmed" data-selectable>
                  {editor.where}
                </Text>
              </Group>
            )}
            <div className={classes.code}>
              <Scroll className={classes.codeText} label={what} data-selectable>
                <pre>{one === kind ? text : ''}</pre>
              </Scroll>
              <div className={classes.copy}>
                <CopyButton text={text} what={what} />
              </div>
            </div>
          </Tabs.Panel>
        ))}
      </Tabs>
      {notes.length > 0 && (
        <Text size="xs" c="dimmed" mt={8}>
          {notes.join(' ')}
        </Text>
      )}
    </Section>
  );
}
