// The last installation, where it failed and nobody has put that away.
import type { EngineJob } from '../../ipc/bindings';
import { useEngineJob } from '../../state/engine-job';
import { createStore, useStore } from '../../state/store';

const dismissed = createStore<number | null>(null);

export function useFailedJob(): EngineJob | null {
  const job = useEngineJob();
  const away = useStore(dismissed, value => value);
  // Who cancels knows.
  if (job?.state !== 'failed' || job.error?.code === 'cancelled') return null;
  return job.id === away ? null : job;
}

export const dismissFailedJob = (job: EngineJob) => dismissed.set(() => job.id);
