// How long a model stays, whether it is there from the start, and what else it is called.
import { uptime } from '../format';
import type { Model, ModelPolicy } from '../ipc/bindings';
import { client } from '../ipc/client';
import { policyWords as words } from '../messages/policy';
import { attempt } from './actions';
import { refreshLive } from './live';
import { keys, queryClient } from './queries';
import { chooseModel } from './window';

const USUAL_SECONDS = [300, 900, 1800, 3600, 14_400, 0, -1];

/** The usual times, and whichever is set. */
export function idleChoices(current: number | null): { value: string; label: string }[] {
  const all =
    current === null || USUAL_SECONDS.includes(current) ? USUAL_SECONDS : [current, ...USUAL_SECONDS];
  return all.map(seconds => ({ value: String(seconds), label: idleWords(seconds) }));
}

/** `after 1 hour`, `never`. */
export function idleWords(seconds: number): string {
  const usual: Partial<Record<string, string>> = words.idleChoices;
  return usual[String(seconds)] ?? words.idleOther(seconds < 60 ? `${seconds} s` : uptime(seconds * 1000));
}

const refresh = () => Promise.all([queryClient.invalidateQueries({ queryKey: keys.models }), refreshLive()]);

/** Shown at once; taken back where it cannot be kept. */
export async function setPolicy(model: Model, policy: ModelPolicy): Promise<void> {
  const show = (shown: ModelPolicy) =>
    queryClient.setQueryData<Model[]>(keys.models, models =>
      models?.map(one => (one.key === model.key ? { ...one, policy: shown } : one)),
    );
  show(policy);
  const done = await attempt(words.doing.policy(model.name), async () => {
    await client.setModelPolicy(model.key, policy);
    return true;
  });
  if (!done) show(model.policy);
  await refresh();
}

/** Another name for a model, or a second entry of it, which is then shown; true if it is there. */
export async function addAlias(model: Model, alias: string, secondEntry: boolean): Promise<boolean> {
  const named = await attempt(words.doing.addAlias, () => client.addAlias(model.key, alias, secondEntry));
  await refresh();
  if (named && secondEntry) chooseModel(named.key);
  return named !== null;
}

export async function removeAlias(alias: string): Promise<void> {
  await attempt(words.doing.removeAlias(alias), () => client.removeAlias(alias));
  await refresh();
}
