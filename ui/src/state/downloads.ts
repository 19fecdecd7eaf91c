// Everything that is being downloaded, as the back end tells it. The navigation shows the sum, the drawer each of them,
// and the Discover page what belongs to its rows.
import { asClause } from '../errors/table';
import type { JobState, JobView } from '../ipc/bindings';
import { client } from '../ipc/client';
import { onDownloads, onOpenHub } from '../ipc/events';
import { downloadWords } from '../messages/downloads';
import { keys, queryClient } from './queries';
import { createStore, useStore } from './store';
import { announce, openRepo } from './window';

export type Downloads = { jobs: readonly JobView[]; known: boolean; failed: boolean };

export const downloads = createStore<Downloads>({ jobs: [], known: false, failed: false });

export const useJobs = () => useStore(downloads, value => value.jobs);

const ACTIVE: ReadonlySet<JobState> = new Set(['queued', 'running', 'waiting', 'verifying']);
const FINISHED: ReadonlySet<JobState> = new Set(['done', 'cancelled']);

/** Goes on by itself. */
export const isActive = (job: JobView) => ACTIVE.has(job.state);
/** Nothing is left to do but to put it away. */
export const isFinished = (job: JobView) => FINISHED.has(job.state);

export type Totals = {
  active: number;
  paused: number;
  interrupted: number;
  failed: number;
  bytesPerSecond: number;
  /** Of those that are active; `null` while a size is not known. */
  fraction: number | null;
  secondsLeft: number | null;
};

/** What all downloads come to. */
export function totalsOf(jobs: readonly JobView[]): Totals {
  const active = jobs.filter(isActive);
  const count = (state: JobState) => jobs.filter(job => job.state === state).length;
  const bytesPerSecond = active.reduce((sum, job) => sum + job.bytesPerSecond, 0);
  const total = active.reduce((sum: number | null, job) => add(sum, job.totalBytes), 0);
  const done = active.reduce((sum, job) => sum + job.downloadedBytes, 0);
  const left = total === null ? null : Math.max(0, total - done);
  return {
    active: active.length,
    paused: count('paused'),
    interrupted: count('interrupted'),
    failed: count('failed'),
    bytesPerSecond,
    fraction: total === null || total === 0 ? null : Math.min(1, done / total),
    secondsLeft: left === null || bytesPerSecond <= 0 ? null : left / bytesPerSecond,
  };
}

const add = (sum: number | null, more: number | null) => (sum === null || more === null ? null : sum + more);

/** The download of one variant, the latest where there were several. */
export function jobOf(
  jobs: readonly JobView[],
  repo: string,
  variant: { name: string; jobId: string | null },
): JobView | null {
  const mine = jobs.filter(
    job =>
      job.id === variant.jobId ||
      (job.tag.kind === 'model' && job.tag.repo === repo && job.tag.variant === variant.name),
  );
  return mine.filter(job => job.state !== 'cancelled').at(-1) ?? null;
}

/**
 * The model that a variant is in the library. What a finished download says counts only until the page was read again:
 * since then the model may have been removed, or there may be a newer upload of it.
 */
export function keyHere(
  variant: { localKey: string | null },
  job: Pick<JobView, 'state' | 'finishedAt' | 'tag'> | null,
  readAt: number,
): string | null {
  if (variant.localKey !== null || job?.state !== 'done') return variant.localKey;
  return (job.finishedAt ?? 0) > readAt ? job.tag.key : null;
}

/** What a screen reader is told: beginnings and ends, never progress. */
export function jobAnnouncements(before: readonly JobView[], after: readonly JobView[]): string[] {
  const states = new Map(before.map(job => [job.id, job.state]));
  const words = downloadWords.announce;
  return after.flatMap(job => {
    if (states.get(job.id) === job.state) return [];
    switch (job.state) {
      case 'running':
        // Waiting its turn and checking are steps of the same.
        return states.get(job.id) === 'verifying' ? [] : [words.running(job.label)];
      case 'paused':
        return [words.paused(job.label)];
      case 'waiting':
        return job.reason ? [words.waiting(job.label, asClause(job.reason))] : [];
      case 'done':
        return [words.done(job.label)];
      case 'failed':
        return [words.failed(job.label, asClause(job.error?.message ?? ''))];
      default:
        return [];
    }
  });
}

function take(jobs: readonly JobView[]): void {
  const { jobs: before, known } = downloads.get();
  downloads.set(() => ({ jobs, known: true, failed: false }));
  if (!known) return;
  const said = jobAnnouncements(before, jobs);
  if (said.length > 0) announce(said.join(' '));
  const wasDone = new Set(before.filter(job => job.state === 'done').map(job => job.id));
  for (const job of jobs) {
    if (job.state !== 'done' || wasDone.has(job.id)) continue;
    void queryClient.invalidateQueries({ queryKey: keys.models });
    if (job.tag.repo) void queryClient.invalidateQueries({ queryKey: keys.hubRepo(job.tag.repo) });
  }
}

/** Asks once and listens from then on; also for links to models that are opened outside. */
export function connectDownloads(): () => void {
  const stopJobs = onDownloads(take);
  const stopLinks = onOpenHub(({ repo, file }) => openRepo(repo, file));
  client.listDownloads().then(
    jobs => {
      // What was told meanwhile is newer.
      if (!downloads.get().known) take(jobs);
    },
    () => downloads.set(value => ({ ...value, failed: !value.known })),
  );
  // Before anybody listened, one may have started the app.
  client.openedLink().then(
    link => link && openRepo(link.repo, link.file),
    () => undefined,
  );
  return () => {
    stopJobs();
    stopLinks();
  };
}
