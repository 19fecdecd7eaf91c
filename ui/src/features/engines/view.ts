// What the page makes of what it was told.
import { bytesOf, percent, rate, remaining } from '../../format';
import type { AvailableEngines, EngineBuild, EngineJob, EngineRow, EngineVariant } from '../../ipc/bindings';
import { m } from '../../messages';
import { downloadWords } from '../../messages/downloads';
import { installProgress } from '../../state/engine-job';

export type EngineCondition = 'good' | 'unproved' | 'failed' | 'missing';

/** One word for what an engine is worth. */
export const conditionOf = (engine: EngineRow): EngineCondition =>
  engine.present ? engine.state : 'missing';

/** The engine that rolling back goes to, unless it is in use already. */
export const rollBackTarget = (engines: readonly EngineRow[]): EngineRow | null =>
  engines.find(engine => engine.previous && !engine.current && engine.present) ?? null;

/** The one to offer first, the others as they come, those that cannot work last. */
export function inOrder(available: AvailableEngines): AvailableEngines['variants'] {
  const rank = (variant: AvailableEngines['variants'][number]) =>
    variant.recommended ? 0 : variant.works ? 1 : 2;
  return [...available.variants].sort((a, b) => rank(a) - rank(b));
}

/** `12 of 48 MB · 3.1 MB/s · 12 s left`; empty while there is nothing to count. */
export function jobNumbers(job: EngineJob): string {
  if (job.state !== 'fetching') return '';
  const left = job.secondsLeft === null ? '' : downloadWords.left(remaining(job.secondsLeft));
  const speed = job.bytesPerSecond ? rate(job.bytesPerSecond) : '';
  return [bytesOf(job.downloadedBytes, job.totalBytes), speed, left].filter(Boolean).join(m.separator);
}

/** `42%`; empty while that cannot be told. */
export function jobPercent(job: EngineJob): string {
  const progress = installProgress(job);
  return progress === null ? '' : percent(progress);
}

/** Whether a job is about this variant. Until it has chosen, it is about the newest build and what is recommended. */
export function isAbout(
  job: EngineJob,
  build: Pick<EngineBuild, 'tag' | 'newest'>,
  variant: Pick<EngineVariant, 'id' | 'recommended'>,
): boolean {
  const sameBuild = job.build === build.tag || (job.build === 'latest' && build.newest);
  return sameBuild && (job.variant === null ? variant.recommended : job.variant === variant.id);
}
