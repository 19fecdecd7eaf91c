// Where in the first steps the user is, and what was chosen on the way.
import { client } from '../../ipc/client';
import { firstRunWords as words } from '../../messages/first-run';
import { attempt } from '../../state/actions';
import { createStore, useStore } from '../../state/store';
import { patchWindow } from '../../state/window';

export type Step = 'machine' | 'model' | 'done';
export const STEPS: readonly Step[] = ['machine', 'model', 'done'];

type State = {
  active: boolean;
  step: Step;
  /** What is being fetched. */
  wanted: { repo: string; variant: string; jobId: string | null } | null;
  /** A model that is here. */
  modelKey: string | null;
};

const START: State = { active: false, step: 'machine', wanted: null, modelKey: null };

export const firstRun = createStore<State>(START);

export const useFirstRun = <S>(select: (state: State) => S) => useStore(firstRun, select);

/** Shows the first steps, from the first. */
export const beginFirstRun = () => firstRun.set(() => ({ ...START, active: true }));

export const patchFirstRun = (patch: Partial<State>) => firstRun.set(state => ({ ...state, ...patch }));

export const goToStep = (step: Step) => patchFirstRun({ step });

/** Leaves the first steps for good; the window is as always from then on. */
export async function finishFirstRun(tab: 'models' | 'chat' = 'models'): Promise<void> {
  patchWindow({ tab });
  patchFirstRun({ active: false });
  await attempt(words.doing.finish, client.finishFirstRun);
}
