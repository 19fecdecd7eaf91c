// Numbers as people read them. Sizes count as disks do: 1 GB is 1,000,000,000 bytes.

const GROUPED = new Intl.NumberFormat('en-US');

/** `32,768`. */
export function grouped(value: number): string {
  return GROUPED.format(value);
}

/** `253 MB`, `5.9 GB`, `42.5 GB`. */
export function bytes(count: number): string {
  if (count >= 999.5e6) return `${gigabytes(count)} GB`;
  if (count >= 999.5e3) return `${Math.round(count / 1e6)} MB`;
  if (count >= 1000) return `${Math.round(count / 1e3)} KB`;
  return `${count} B`;
}

/** `1.2 of 5.9 GB`: what is there counts in the unit of the whole, so that it does not change its shape on the way. */
export function bytesOf(count: number, total: number | null): string {
  if (total === null) return bytes(count);
  const whole = bytes(total);
  const unit = whole.slice(whole.indexOf(' ') + 1);
  const part =
    unit === 'GB'
      ? gigabytes(count)
      : String(Math.round(count / (unit === 'MB' ? 1e6 : unit === 'KB' ? 1e3 : 1)));
  return `${part} of ${whole}`;
}

/** `12.4 MB/s`, `820 KB/s`, `1.2 GB/s`. */
export function rate(bytesPerSecond: number): string {
  if (bytesPerSecond >= 999.5e6) return `${(bytesPerSecond / 1e9).toFixed(1)} GB/s`;
  if (bytesPerSecond >= 99.95e6) return `${Math.round(bytesPerSecond / 1e6)} MB/s`;
  if (bytesPerSecond >= 999.5e3) return `${(bytesPerSecond / 1e6).toFixed(1)} MB/s`;
  return `${Math.round(bytesPerSecond / 1e3)} KB/s`;
}

/** `20 s`, `3 min`, `1 h 5 min`: what is left is a guess, so it is not told to the second. */
export function remaining(seconds: number): string {
  if (seconds <= 55) return `${Math.max(5, Math.ceil(seconds / 5) * 5)} s`;
  return uptime(Math.ceil(seconds / 60) * 60_000);
}

/** `812`, `34k`, `1.2M`. */
export function short(count: number): string {
  if (count >= 999_500) return `${trimZero((count / 1e6).toFixed(1))}M`;
  if (count >= 9950) return `${Math.round(count / 1000)}k`;
  if (count >= 1000) return `${trimZero((count / 1000).toFixed(1))}k`;
  return String(count);
}

const AGES = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const DAY_MILLISECONDS = 86_400_000;

/** `today`, `3 days ago`, `2 months ago`. */
export function daysAgo(date: number | string, now = Date.now()): string {
  const days = Math.max(0, Math.floor((now - new Date(date).getTime()) / DAY_MILLISECONDS));
  if (Number.isNaN(days)) return '';
  if (days < 45) return AGES.format(-days, 'day');
  return days < 365
    ? AGES.format(-Math.round(days / 30), 'month')
    : AGES.format(-Math.round(days / 365), 'year');
}

/** `17.4`, `0.6`, `128`: gigabytes without their unit, for sums in one line. */
export function gigabytes(count: number): string {
  const value = count / 1e9;
  return value >= 99.95 ? String(Math.round(value)) : value.toFixed(1);
}

/** `270M`, `8.2B`, `27B`. */
export function parameterCount(count: number): string {
  if (count >= 999.5e6) {
    const billions = count / 1e9;
    return `${billions >= 9.95 ? Math.round(billions) : trimZero(billions.toFixed(1))}B`;
  }
  if (count >= 999.5e3) return `${Math.round(count / 1e6)}M`;
  return grouped(count);
}

/** `32k` for 32,768: context lengths are powers of two. */
export function tokens(count: number): string {
  return count >= 1024 && count % 1024 === 0 ? `${count / 1024}k` : grouped(count);
}

/** `8 s`, `1 min 5 s`, then as `uptime`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 10 ? `${minutes} min ${seconds % 60} s` : uptime(milliseconds);
}

/** `5 min`, `3 h 12 min`, `2 d 4 h`. */
export function uptime(milliseconds: number): string {
  const minutes = Math.max(0, Math.floor(milliseconds / 60_000));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `42%`. */
export function percent(fraction: number): string {
  return `${Math.round(Math.min(1, Math.max(0, fraction)) * 100)}%`;
}

/** Arguments as they could be pasted into a shell. */
export function shellLine(args: readonly string[]): string {
  return args.map(shellWord).join(' ');
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./…-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function trimZero(text: string): string {
  return text.replace(/\.0$/, '');
}

/** `41.7`, `128`, `0`: tokens per second. */
export function rateOfTokens(perSecond: number): string {
  if (perSecond < 0.05) return '0';
  return perSecond >= 99.95 ? grouped(Math.round(perSecond)) : perSecond.toFixed(1);
}

/** `now`, `5 min ago`, `3 h ago`, `2 days ago`. */
export function timeAgo(at: number, now = Date.now()): string {
  const age = Math.max(0, now - at);
  if (age < 60_000) return AGES.format(0, 'second');
  if (age < 3_600_000) return `${Math.floor(age / 60_000)} min ago`;
  return age < DAY_MILLISECONDS ? `${Math.floor(age / 3_600_000)} h ago` : daysAgo(at, now);
}

/** `412 ms`, `1.2 s`, `38 s`. */
export function milliseconds(count: number): string {
  if (count < 999.5) return `${Math.round(count)} ms`;
  return count < 9950 ? `${(count / 1000).toFixed(1)} s` : duration(count);
}
