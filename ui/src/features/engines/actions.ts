// What can be done to engines.
import type { Settings } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { engineWords as words } from '../../messages/engines';
import { attempt } from '../../state/actions';
import { refreshEngines } from '../../state/engine-job';
import { refreshLive } from '../../state/live';
import { keys, queryClient } from '../../state/queries';
import { announce } from '../../state/window';

const { doing } = words;

/** Runs something, then asks for what it changed, also where it was refused. */
async function change(what: string, said: string | null, action: () => Promise<unknown>): Promise<void> {
  const done = await attempt(what, async () => {
    await action();
    return true;
  });
  if (done && said) announce(said);
  await Promise.all([refreshEngines(), refreshLive()]);
}

export const installEngine = (build: string, variant: string | null, withoutDigest = false) =>
  change(doing.install(build), null, () => client.installEngine(build, variant, withoutDigest));

export const cancelInstall = () => change(doing.cancel, null, client.cancelEngineInstall);

export const removeEngine = (name: string) =>
  change(doing.remove(name), words.removed(name), () => client.removeEngine(name));

export const rollBack = (name: string) =>
  change(doing.rollBack, words.rolledBack(name), client.rollBackEngine);

/** What may be done about engines by itself. Shown at once; taken back where it cannot be saved. */
export async function setEngineUpdates(autoUpdate: boolean, fetchMissing: boolean): Promise<void> {
  const before = queryClient.getQueryData<Settings>(keys.settings);
  if (!before) return;
  queryClient.setQueryData<Settings>(keys.settings, {
    ...before,
    autoUpdateEngines: autoUpdate,
    fetchMissingEngine: fetchMissing,
  });
  const settings = await attempt(doing.updates, () => client.setEngineUpdates(autoUpdate, fetchMissing));
  queryClient.setQueryData(keys.settings, settings ?? before);
}
