// A download in words and numbers, the same wherever it is shown.
import { asSentence } from '../../errors/table';
import { bytes, bytesOf, rate, remaining } from '../../format';
import type { JobFile, JobView } from '../../ipc/bindings';
import { m } from '../../messages';
import { downloadWords as words } from '../../messages/downloads';
import { isActive } from '../../state/downloads';

/** `1.2 of 5.9 GB`; the whole alone once it is there. */
export function amount(job: Pick<JobView | JobFile, 'state' | 'downloadedBytes' | 'totalBytes'>): string {
  if (job.state === 'done') return bytes(job.totalBytes ?? job.downloadedBytes);
  if (job.downloadedBytes === 0 && job.totalBytes !== null) return bytes(job.totalBytes);
  return bytesOf(job.downloadedBytes, job.totalBytes);
}

/** `12.4 MB/s · 3 min left`; empty while nothing moves. */
export function pace(job: Pick<JobView, 'state' | 'bytesPerSecond' | 'secondsLeft'>): string {
  if (job.state !== 'running' || job.bytesPerSecond <= 0) return '';
  const left = job.secondsLeft === null ? '' : words.left(remaining(job.secondsLeft));
  return [rate(job.bytesPerSecond), left].filter(Boolean).join(m.separator);
}

/** From 0 to 1; `null` while the size is not known. */
export function fraction(
  job: Pick<JobView | JobFile, 'state' | 'downloadedBytes' | 'totalBytes'>,
): number | null {
  if (job.state === 'done') return 1;
  if (job.totalBytes === null || job.totalBytes === 0) return null;
  return Math.min(1, job.downloadedBytes / job.totalBytes);
}

/** Why nothing moves, or why what moves began anew, where somebody may ask. */
export function whyItStands(job: JobView): string | null {
  if (job.state === 'interrupted') return words.interruptedWhy;
  return isActive(job) && job.reason ? asSentence(job.reason) : null;
}

/** The repository's name and the quantization apart: where a long name is cut, the quantization must be seen. */
export function titleParts({
  label,
  tag: { variant },
}: Pick<JobView, 'label' | 'tag'>): [string, string | null] {
  if (!variant || !label.endsWith(variant)) return [label, null];
  const repo = label.slice(0, -variant.length).replace(/[\s:·]+$/, '');
  return [repo.split('/').at(-1) ?? repo, variant];
}

/** Parts are told by their number: their names differ where a narrow column cuts them. */
export function fileWords(path: string): string {
  const [, index, count] = /-(\d{5})-of-(\d{5})\.gguf$/i.exec(path) ?? [];
  return index && count ? words.part(Number(index), Number(count)) : fileName(path);
}

/** What is left of a path when the folders are known. */
export const fileName = (path: string) => path.split(/[\\/]/).at(-1) ?? path;
