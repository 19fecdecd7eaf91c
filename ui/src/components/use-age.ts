// How long ago something began, for what shows it. A load is counted in seconds; what merely runs, in minutes: a page that
// nothing happens on is left alone.
import { useEffect, useState } from 'react';
import { duration, uptime } from '../format';
import { m } from '../messages';

const SECOND = 1000;
const QUARTER_MINUTE = 15_000;

/** The time, as often as asked; `null` does not tick. */
export function useNow(everyMilliseconds: number | null): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (everyMilliseconds === null) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), everyMilliseconds);
    return () => clearInterval(timer);
  }, [everyMilliseconds]);
  return now;
}

/** Milliseconds since `startedAt` while something is waited for, to the second; `null` where that is not known. */
export function useElapsed(startedAt: number | null): number | null {
  const now = useNow(startedAt === null ? null : SECOND);
  return startedAt === null ? null : Math.max(0, now - startedAt);
}

/** `for 12 min`; `null` where the start is not known. */
export function useUptime(startedAt: number | null): string | null {
  const now = useNow(startedAt === null ? null : QUARTER_MINUTE);
  if (startedAt === null) return null;
  const age = now - startedAt;
  return age < 60_000 ? m.status.justNow : m.status.since(uptime(age));
}

/** `3 s`; empty where the start is not known. */
export const elapsedText = (elapsed: number | null) => (elapsed === null ? '' : duration(elapsed));
