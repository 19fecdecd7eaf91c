// What can be done to engines.
import { client } from '../../ipc/client';
import { engineWords as words } from '../../messages/engines';
import { attempt } from '../../state/actions';
import { refreshEngines } from '../../state/engine-job';
import { refreshLive } from '../../state/live';
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
