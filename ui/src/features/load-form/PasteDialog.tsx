// A command line from elsewhere, or parameters as JSON: what of it is taken over is shown before it is.
import { Button, Checkbox, Group, Modal, Text, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { AppError } from '../../errors/app-error';
import { asSentence, describeFailure } from '../../errors/table';
import type { LoadForm, LoadParams, Pasted } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { m } from '../../messages';
import { memoryWords as words } from '../../messages/memory';
import { setNames } from '../../state/queries';
import classes from './Memory.module.css';
import type { Draft } from './use-draft';
import { getParam, valueText } from './values';

const DELAY_MILLISECONDS = 200;

export function PasteDialog({ form, draft, onClose }: { form: LoadForm; draft: Draft; onClose: () => void }) {
  const [typed, setTyped] = useState('');
  const [text] = useDebouncedValue(typed.trim(), DELAY_MILLISECONDS);
  const [clear, setClear] = useState(false);
  const query = useQuery({
    queryKey: ['pasted', form.key, form.engine, text],
    queryFn: () => readPasted(form.key, text),
    enabled: text !== '',
    placeholderData: keepPreviousData,
    gcTime: 0,
  });
  const pasted = text === '' ? null : (query.data ?? null);
  const count = pasted ? setNames(pasted.params).length : 0;
  const apply = () => {
    if (!pasted) return;
    draft.setParams(clear ? pasted.params : mergedParams(draft.params, pasted.params));
    onClose();
  };
  const failure =
    text !== '' && query.error ? describeFailure(AppError.unexpected(query.error)).clause : null;
  return (
    <Modal opened onClose={onClose} title={words.pasteTitle} withCloseButton={false} size={560}>
      <Text size="sm" c="dimmed" mb="sm">
        {words.pasteBody}
      </Text>
      <Textarea
        aria-label={words.pasteLabel}
        placeholder={words.pastePlaceholder}
        value={typed}
        onChange={event => setTyped(event.currentTarget.value)}
        autosize
        minRows={3}
        maxRows={8}
        spellCheck={false}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12 } }}
        error={failure && asSentence(failure)}
        data-autofocus
      />
      {pasted && !failure && <Found form={form} pasted={pasted} />}
      <Group justify="space-between" gap="xs" mt="lg">
        <Checkbox
          label={words.clear}
          checked={clear}
          onChange={event => setClear(event.currentTarget.checked)}
        />
        <Group gap="xs">
          <Button variant="default" onClick={onClose}>
            {m.cancel}
          </Button>
          <Button disabled={count === 0 || failure !== null} onClick={apply}>
            {words.apply(count)}
          </Button>
        </Group>
      </Group>
    </Modal>
  );
}

/** JSON is read here, a command line by who knows the engine's flags. */
async function readPasted(key: string, text: string): Promise<Pasted> {
  if (!text.startsWith('{')) return client.pasteCommandLine(key, text);
  const params = documentParams(jsonParams(text));
  // What is wrong with a value is said by who knows the parameters.
  await client.previewLoad(key, params);
  return { params, ignored: [], unknown: [] };
}

export function jsonParams(text: string): LoadParams {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as LoadParams;
  } catch {
    // Told below.
  }
  throw new AppError({ code: 'not_json', message: words.notJson, hint: '', log: [] });
}

/** Of a document as `paddock preset export` writes it, the parameters of its one model or preset. Others are parameters. */
export function documentParams(value: LoadParams): LoadParams {
  if (!('format' in value)) return value;
  const { models, presets, defaults } = value as Exported;
  const all = [
    ...Object.values(models ?? {}).map(one => one?.params ?? {}),
    ...(Object.keys(models ?? {}).length > 0 ? [] : Object.values(presets ?? {})),
  ];
  if (all.length === 0 && defaults) all.push(defaults);
  const [params, ...others] = all;
  if (params && others.length === 0) return params;
  throw new AppError({ code: 'not_one_model', message: words.notOneModel, hint: '', log: [] });
}

type Exported = {
  models?: Record<string, { params?: LoadParams } | null>;
  presets?: Record<string, LoadParams>;
  defaults?: LoadParams;
};

/** What is pasted wins; of the engine's other flags, one by one. */
export function mergedParams(before: LoadParams, pasted: LoadParams): LoadParams {
  const extras = { ...(before.extraArgs as object | null), ...(pasted.extraArgs as object | null) };
  return {
    ...before,
    ...pasted,
    ...(Object.keys(extras).length > 0 && { extraArgs: extras as LoadParams['extraArgs'] }),
  };
}

function Found({ form, pasted }: { form: LoadForm; pasted: Pasted }) {
  const { params, ignored, unknown } = pasted;
  const names = setNames(params).filter(name => name !== 'extraArgs');
  const extras = Object.entries((params.extraArgs ?? {}) as Record<string, unknown>);
  if (names.length + extras.length + ignored.length + unknown.length === 0) {
    return (
      <Text size="sm" c="dimmed" mt="sm" role="status">
        {words.nothing}
      </Text>
    );
  }
  const labelOf = (name: string) => form.fields.find(field => field.name === name)?.label ?? name;
  return (
    <div role="status">
      {names.length + extras.length > 0 && (
        <List title={words.taken}>
          {names.map(name => (
            <Line key={name} what={labelOf(name)} text={valueText(getParam(params, name) ?? '')} />
          ))}
          {extras.map(([flag, value]) => (
            <Line key={flag} what={flag} text={value === null ? '' : String(value)} />
          ))}
        </List>
      )}
      {ignored.length > 0 && (
        <List title={words.ignored}>
          {ignored.map(({ flag, value, reason }) => (
            <Line key={flag} what={[flag, value].filter(Boolean).join(' ')} text={reason} />
          ))}
        </List>
      )}
      {unknown.length > 0 && (
        <List title={words.unknown}>
          {unknown.map(({ flag, value, suggestion }) => (
            <Line
              key={flag}
              what={[flag, value].filter(Boolean).join(' ')}
              text={suggestion ? words.didYouMean(suggestion) : ''}
            />
          ))}
        </List>
      )}
    </div>
  );
}

function List({ title, children }: { title: string; children: ReactNode }) {
  return (
    <>
      <Text size="xs" fw={600} mt="sm">
        {title}
      </Text>
      <dl className={classes.found}>{children}</dl>
    </>
  );
}

function Line({ what, text }: { what: string; text: string }) {
  return (
    <>
      <dt>{what}</dt>
      <dd>{text}</dd>
    </>
  );
}
