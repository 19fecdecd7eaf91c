// An engine that is being installed: by the user, or because a model was loaded while there was none.
import { asClause, asSentence } from '../errors/table';
import type { EngineJob } from '../ipc/bindings';
import { downloadWords } from '../messages/downloads';
import { type Live, live } from './live';
import { keys, queryClient } from './queries';
import { useStore } from './store';
import { announce } from './window';

const jobIn = ({ snapshot }: Live): EngineJob | null => snapshot?.engineJob ?? null;

export const useEngineJob = () => useStore(live, jobIn);

export const isInstalling = (job: EngineJob | null): job is EngineJob =>
  job !== null && job.state !== 'done' && job.state !== 'failed';

/** How far it is, where that can be told: only fetching has a length. */
export function installProgress(job: EngineJob): number | null {
  if (job.state !== 'fetching' || job.totalBytes === null || job.totalBytes === 0) return null;
  return Math.min(1, job.downloadedBytes / job.totalBytes);
}

/** What a screen reader is told: each step once, and how it ended. */
export function installAnnouncement(before: EngineJob | null, after: EngineJob | null): string | null {
  if (after === null || (before?.id === after.id && before.state === after.state)) return null;
  if (after.state === 'done') return downloadWords.announce.engineDone(after.build);
  if (after.state === 'failed') {
    if (after.error?.code === 'cancelled') return null;
    return downloadWords.announce.engineFailed(after.build, asClause(after.error?.message ?? ''));
  }
  return asSentence(after.step);
}

/** Tells what happens, and asks for the engines anew when one came or could not come. */
export function followEngineJob(): () => void {
  let before = jobIn(live.get());
  let engine = live.get().snapshot?.engine ?? null;
  return live.subscribe(() => {
    const value = live.get();
    const job = jobIn(value);
    const current = value.snapshot?.engine ?? null;
    const said = installAnnouncement(before, job);
    if (said) announce(said);
    const ended = isInstalling(before) && !isInstalling(job);
    if (ended || current !== engine) void refreshEngines();
    before = job;
    engine = current;
  });
}

export async function refreshEngines(): Promise<void> {
  await Promise.all(
    [keys.engines, keys.availableEngines, keys.settings].map(queryKey =>
      queryClient.invalidateQueries({ queryKey }),
    ),
  );
}
