// What is set for the model as the form has it: valid values, which are saved, and what is typed and is none yet.
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { AppError } from '../../errors/app-error';
import type { LoadForm, LoadParams, Preview } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { useSnapshot } from '../../state/live';
import { editParams, keys } from '../../state/queries';
import { without } from '../../state/window';
import { type ParamValue, typedProblem, withParam } from './values';

const PREVIEW_DELAY_MILLISECONDS = 150;

export type Draft = {
  params: LoadParams;
  texts: Readonly<Record<string, string>>;
  /** What is wrong with each of `texts`. */
  typedProblems: Readonly<Record<string, string>>;
  preview: Preview | undefined;
  previewFailure: AppError | null;
  /** `undefined` resets. */
  setValue: (name: string, value: ParamValue | undefined) => void;
  setText: (name: string, text: string) => void;
  /** Everything that is set, for what has no field. */
  setParams: (params: LoadParams) => void;
  resetAll: () => void;
};

export function useDraft(form: LoadForm): Draft {
  const engine = useSnapshot()?.engine ?? null;
  const params = form.saved;
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  const [settled] = useDebouncedValue(params, PREVIEW_DELAY_MILLISECONDS);
  const preview = useQuery({
    queryKey: [...keys.preview(form.key), engine, form.engine, settled],
    queryFn: () => client.previewLoad(form.key, settled),
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });

  const typedProblems: Record<string, string> = {};
  for (const field of form.fields) {
    const problem = field.name in texts ? typedProblem(field, texts[field.name] ?? '') : null;
    if (problem) typedProblems[field.name] = problem;
  }
  return {
    params,
    texts,
    typedProblems,
    preview: preview.data,
    previewFailure: preview.error ? AppError.unexpected(preview.error) : null,
    setValue: (name, value) => {
      setTexts(all => without(all, name));
      editParams(form.key, engine, withParam(params, name, value));
    },
    setText: (name, text) => setTexts(all => ({ ...all, [name]: text })),
    setParams: changed => editParams(form.key, engine, changed),
    resetAll: () => {
      setTexts({});
      editParams(form.key, engine, {});
    },
  };
}
