// What the user can do to models, the same from every place that offers it. A failure is shown where the model is, or in
// the bar below the status bar; none is swallowed.
import { AppError } from '../errors/app-error';
import { asSentence, describeFailure, isCancelled } from '../errors/table';
import type { FileFate, Model, Settings } from '../ipc/bindings';
import { client } from '../ipc/client';
import { m } from '../messages';
import { optionWords } from '../messages/options';
import { live, refreshLive } from './live';
import { paramSaver } from './param-saver';
import { keys, queryClient } from './queries';
import { isOn, statusOf } from './status';
import { alert, announce, chooseModel, patchWindow, windowState, without } from './window';

/** Runs something that may fail, and says so. */
export async function attempt<T>(what: string, action: () => Promise<T>): Promise<T | null> {
  try {
    return await action();
  } catch (error) {
    const failure = AppError.unexpected(error);
    if (isCancelled(failure)) return null;
    const { clause, hint } = describeFailure(failure);
    alert(m.notices.whatFailed(what, clause), asSentence(hint));
    return null;
  }
}

const setBusy = (key: string, busy: 'loading' | 'stopping' | null) =>
  windowState.set(value => ({
    ...value,
    busy: busy ? { ...value.busy, [key]: busy } : without(value.busy, key),
    failures: without(value.failures, key),
  }));

/** Loads with what the form shows, which is what is saved. A model that runs with something else is loaded anew. */
export async function loadModel(key: string): Promise<void> {
  if (windowState.get().blocked[key]) return;
  setBusy(key, 'loading');
  let failure: AppError | null = null;
  try {
    const notSaved = await paramSaver.flush(key);
    if (notSaved) throw notSaved;
    await client.loadModel(key, null);
  } catch (error) {
    failure = AppError.unexpected(error);
  }
  setBusy(key, null);
  if (failure && !isCancelled(failure)) showRefusal(key, failure);
}

/** A run that broke is in the snapshot with its log. What is left are refusals: of a first run, or of another one. */
function showRefusal(key: string, failure: AppError): void {
  const state = reported(key);
  if (state === 'failed') return;
  if (state && isOn(state)) {
    const { clause, hint } = describeFailure(failure);
    alert(m.notices.whatFailed(m.doing.reload(key), clause), asSentence(hint));
    return;
  }
  windowState.set(value => ({ ...value, failures: { ...value.failures, [key]: failure } }));
}

const reported = (key: string) => live.get().snapshot?.servers.find(server => server.key === key)?.state;

/** Stops a model; while it loads, that is cancelling. */
export async function stopModel(key: string, name: string): Promise<void> {
  setBusy(key, 'stopping');
  await attempt(m.doing.stop(name), () => client.unloadModel(key));
  // A cancelled load ends its own way; only what was marked here is taken back here.
  if (windowState.get().busy[key] === 'stopping') setBusy(key, null);
}

/** Load, or stop where it runs: what Ctrl+L does. */
export async function toggleModel(model: Model): Promise<void> {
  const { state } = statusOf(model.key, live.get(), windowState.get());
  if (state === 'stopping') return;
  if (isOn(state)) await stopModel(model.key, model.name);
  else if (model.present && !model.problem) await loadModel(model.key);
}

/** Puts a failure away: the model is simply stopped. */
export async function dismissFailure(key: string, name: string): Promise<void> {
  windowState.set(value => ({ ...value, failures: without(value.failures, key) }));
  if (reported(key) === 'failed') await attempt(m.doing.stop(name), () => client.unloadModel(key));
}

async function refreshModels(): Promise<void> {
  await queryClient.invalidateQueries({ queryKey: keys.models });
}

/** Shows what was added: a list that merely got longer tells nobody which. */
async function showAdded(added: Model[] | null): Promise<void> {
  const [first] = added ?? [];
  if (!added || !first) return;
  await refreshModels();
  patchWindow({ tab: 'models' });
  chooseModel(first.key);
  announce(m.announce.added(added.length));
}

export async function importPaths(paths: string[]): Promise<void> {
  await showAdded(await attempt(m.doing.addModels, () => client.importModels(paths)));
}

/** Adds other apps' models. True if they were added. */
export async function importFound(apps: string[], paths: string[], copy: boolean): Promise<boolean> {
  const added = await attempt(m.doing.addModels, () => client.importFound(apps, paths, copy));
  await showAdded(added);
  return added !== null;
}

export async function pickFiles(): Promise<void> {
  await showAdded(await attempt(m.doing.addModels, client.pickModelFiles));
}

const keepSettings = async (settings: Settings | null) => {
  if (!settings) return;
  queryClient.setQueryData(keys.settings, settings);
  await Promise.all([refreshModels(), refreshLive()]);
};

export async function addFolder(): Promise<void> {
  await keepSettings(await attempt(m.doing.addFolder, client.addModelFolder));
}

export async function removeFolder(path: string): Promise<void> {
  await keepSettings(await attempt(m.doing.removeFolder, () => client.removeModelFolder(path)));
}

export async function pickEngine(): Promise<void> {
  await keepSettings(await attempt(m.doing.pickEngine, client.pickEngine));
}

export async function chooseEngine(name: string): Promise<void> {
  await keepSettings(await attempt(m.doing.switchEngine(name), () => client.chooseEngine(name)));
}

/** Sets the engine that runs a model; `null` is whichever is current. Its form is another one then. */
export async function setModelEngine(model: Model, engine: string | null): Promise<void> {
  const show = (shown: string | null) =>
    queryClient.setQueryData<Model[]>(keys.models, models =>
      models?.map(one => (one.key === model.key ? { ...one, engine: shown } : one)),
    );
  show(engine);
  const done = await attempt(engine === null ? optionWords.unpin : optionWords.pin(engine), async () => {
    await client.pinModel(model.key, engine);
    return true;
  });
  if (!done) show(model.engine);
  await Promise.all(
    [keys.models, keys.loadForms, keys.preview(model.key), keys.engineOptions(model.key), keys.engines].map(
      queryKey => queryClient.invalidateQueries({ queryKey }),
    ),
  );
}

export const askToRemove = (key: string) => patchWindow({ removing: key });

/** `no_trash` where the system has none for this file: then nothing was done. */
export async function removeModel(model: Model, files: FileFate): Promise<'done' | 'failed' | 'no_trash'> {
  paramSaver.discard(model.key);
  let noTrash = false;
  const done = await attempt(m.doing.removeModel(model.name), async () => {
    try {
      await client.removeModel(model.key, files);
      return true;
    } catch (error) {
      noTrash = AppError.unexpected(error).code === 'no_trash';
      if (noTrash) return false;
      throw error;
    }
  });
  if (noTrash) return 'no_trash';
  if (!done) return 'failed';
  windowState.set(value => ({ ...value, failures: without(value.failures, model.key) }));
  if (windowState.get().modelKey === model.key) chooseModel(null);
  announce(m.announce.removed(model.name));
  await refreshModels();
  return 'done';
}
