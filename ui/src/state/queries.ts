// What is asked for and kept until something changes it.
import { QueryClient, useQuery } from '@tanstack/react-query';
import type { LoadForm, LoadParams, Model } from '../ipc/bindings';
import { client } from '../ipc/client';
import { onLibraryChanged } from '../ipc/events';
import { useSnapshot } from './live';
import { paramSaver } from './param-saver';

export const queryClient = new QueryClient({
  defaultOptions: {
    // The back end is in the same process: it tells of changes, and a refusal will not become a yes by asking again.
    queries: {
      retry: false,
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      networkMode: 'always',
    },
    mutations: { retry: false, networkMode: 'always' },
  },
});

export const keys = {
  models: ['models'] as const,
  settings: ['settings'] as const,
  /** The form depends on the engine. */
  loadForm: (key: string, engine: string | null) => ['load-form', key, engine] as const,
  loadForms: ['load-form'] as const,
  /** What the engine that a model runs with takes. */
  engineOptions: (key: string) => ['engine-options', key] as const,
  preview: (key: string) => ['preview', key] as const,
  previews: ['preview'] as const,
  estimate: (key: string) => ['estimate', key] as const,
  estimates: ['estimate'] as const,
  presets: ['presets'] as const,
  defaults: ['defaults'] as const,
  commandLine: ['command-line'] as const,
  desktop: ['desktop'] as const,
  engines: ['engines'] as const,
  engineDetails: (name: string) => ['engines', 'details', name] as const,
  availableEngines: ['available-engines'] as const,
  apiKeys: ['api-keys'] as const,
  refusals: ['refusals'] as const,
  hubSearch: ['hub-search'] as const,
  hubRepo: (id: string) => ['hub-repo', id] as const,
  /** All of them: each says what of it is in the library. */
  hubRepos: ['hub-repo'] as const,
};

const NONE: Model[] = [];

export function useModels() {
  const query = useQuery({ queryKey: keys.models, queryFn: client.listModels });
  return { ...query, models: query.data ?? NONE };
}

export function useModel(key: string | null): Model | null {
  const { models } = useModels();
  return models.find(model => model.key === key) ?? null;
}

/** The name to call a model by; its key's last part while the list is not there. */
export function useModelName(): (key: string) => string {
  const { models } = useModels();
  return key => models.find(model => model.key === key)?.name ?? key.split('/').at(-1) ?? key;
}

export function useSettings() {
  return useQuery({ queryKey: keys.settings, queryFn: client.getSettings });
}

/** The form, with what is set for the model as its `saved`: the window changes that before it is saved. */
export function useLoadForm(key: string) {
  const engine = useSnapshot()?.engine ?? null;
  const queryKey = keys.loadForm(key, engine);
  return useQuery({
    queryKey,
    queryFn: async () => {
      await paramSaver.flush(key);
      const form = await client.loadForm(key);
      // Somebody may have typed on meanwhile.
      const ahead = paramSaver.isAhead(key) ? queryClient.getQueryData<LoadForm>(queryKey) : undefined;
      return ahead ? { ...form, saved: ahead.saved } : form;
    },
  });
}

/** Sets all parameters of a model, and has them saved. */
export function editParams(key: string, engine: string | null, params: LoadParams): void {
  queryClient.setQueryData<LoadForm>(keys.loadForm(key, engine), form => form && { ...form, saved: params });
  const hasSavedParams = setNames(params).length > 0;
  queryClient.setQueryData<Model[]>(keys.models, models =>
    models?.map(model => (model.key === key ? { ...model, hasSavedParams } : model)),
  );
  paramSaver.schedule(key, params);
}

/** What is set in a set of parameters. */
export function setNames(params: LoadParams): string[] {
  return Object.entries(params).flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [name],
  );
}

/** Keeps what is shown of the library as it is on disk. */
export function followLibrary(): () => void {
  return onLibraryChanged(() => {
    void queryClient.invalidateQueries({ queryKey: keys.models });
    void queryClient.invalidateQueries({ queryKey: keys.loadForms });
    void queryClient.invalidateQueries({ queryKey: keys.hubRepos });
  });
}
