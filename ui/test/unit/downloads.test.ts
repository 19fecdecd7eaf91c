// Downloads in numbers, words and announcements.
import { describe, expect, test } from 'vitest';
import {
  amount,
  fileWords,
  fraction,
  pace,
  titleParts,
  whyItStands,
} from '../../src/features/downloads/describe';
import type { JobView } from '../../src/ipc/bindings';
import { scenarioOf } from '../../src/ipc/fake/scenarios';
import { jobAnnouncements, jobOf, keyHere, totalsOf } from '../../src/state/downloads';

const jobs = scenarioOf('manyDownloads').jobs;
const job = (state: JobView['state']): JobView => {
  const found = jobs.find(one => one.state === state);
  if (!found) throw new Error(`no job is ${state}`);
  return found;
};

describe('all together', () => {
  test('what is active counts, the rest is named', () => {
    const totals = totalsOf(jobs);
    expect(totals).toMatchObject({
      active: 5,
      failed: 1,
      paused: 1,
      interrupted: 0,
      bytesPerSecond: 44_200_000,
    });
    expect(totals.fraction).toBeGreaterThan(0.3);
    expect(totals.secondsLeft).toBeGreaterThan(0);
  });

  test('nothing is invented where a size or a speed is not known', () => {
    expect(totalsOf([{ ...job('running'), totalBytes: null }])).toMatchObject({
      fraction: null,
      secondsLeft: null,
    });
    expect(totalsOf([{ ...job('running'), bytesPerSecond: 0 }]).secondsLeft).toBeNull();
    expect(totalsOf([])).toMatchObject({ active: 0, fraction: null, secondsLeft: null });
  });
});

describe('one of them', () => {
  test('says how far it is, in the unit of the whole', () => {
    expect(amount(job('running'))).toBe('2.1 of 5.0 GB');
    expect(amount(job('queued'))).toBe('3.3 GB');
    expect(amount(job('done'))).toBe('958 MB');
    expect(pace(job('running'))).toBe('12.4 MB/s · 4 min left');
    expect(pace({ ...job('running'), secondsLeft: null })).toBe('12.4 MB/s');
    expect(pace(job('paused'))).toBe('');
    expect(fraction(job('done'))).toBe(1);
    expect(fraction({ ...job('running'), totalBytes: null })).toBeNull();
  });

  test('says why it stands', () => {
    expect(whyItStands(job('waiting'))).toBe('The disk has 2.1 GB free, 17.3 GB are needed.');
    expect(whyItStands({ ...job('paused'), state: 'interrupted' })).toContain('What was fetched is kept');
    expect(whyItStands(job('running'))).toBeNull();
    // What was fetched went back to nothing: nobody should have to guess why.
    const reason = 'The file changed on the server; starting over.';
    expect(whyItStands({ ...job('running'), reason })).toBe(reason);
    expect(whyItStands({ ...job('paused'), reason })).toBeNull();
  });

  test('keeps its quantization apart from a long name', () => {
    expect(titleParts(job('running'))).toEqual(['Qwen_Qwen3-8B-GGUF', 'Q4_K_M']);
    expect(titleParts({ ...job('running'), label: 'owner/repo Q4_K_M' })).toEqual(['repo', 'Q4_K_M']);
    expect(titleParts({ ...job('running'), label: 'llama.cpp b11512' })).toEqual(['llama.cpp b11512', null]);
  });

  test('parts are told by their number', () => {
    expect(fileWords('Q4/a-00002-of-00010.gguf')).toBe('Part 2 of 10');
    expect(fileWords('C:\\models\\a-Q4_K_M.gguf')).toBe('a-Q4_K_M.gguf');
  });

  test('belongs to its variant, the latest where there were several', () => {
    const variant = { name: 'Q4_K_M', jobId: null };
    const repo = 'bartowski/Qwen_Qwen3-8B-GGUF';
    expect(jobOf(jobs, repo, variant)?.id).toBe('a');
    expect(jobOf(jobs, 'other/repo', variant)).toBeNull();
    expect(jobOf(jobs, 'other/repo', { name: 'x', jobId: 'd' })?.id).toBe('d');
    const again = { ...job('running'), id: 'z' };
    expect(jobOf([...jobs, again], repo, variant)?.id).toBe('z');
    expect(jobOf([{ ...again, state: 'cancelled' }], repo, variant)).toBeNull();
  });
});

describe('what is here of the hub', () => {
  // Else Discover offers to load a model that was removed, and never again to download it.
  test('a finished download counts only until the page was read again', () => {
    const done = { ...job('done'), finishedAt: 1000 };
    const { key } = done.tag;
    expect(key).not.toBeNull();
    expect(keyHere({ localKey: null }, done, 900)).toBe(key);
    expect(keyHere({ localKey: null }, done, 1100)).toBeNull();
    expect(keyHere({ localKey: 'a/b' }, done, 1100)).toBe('a/b');
    expect(keyHere({ localKey: null }, job('running'), 900)).toBeNull();
    expect(keyHere({ localKey: null }, null, 900)).toBeNull();
  });
});

describe('announcements', () => {
  const at = (state: JobView['state'], patch: Partial<JobView> = {}) => [
    { ...job('running'), state, ...patch },
  ];
  const label = job('running').label;

  test('beginnings and ends, never progress', () => {
    expect(jobAnnouncements([], at('running'))).toEqual([`Downloading ${label}.`]);
    expect(jobAnnouncements(at('running'), at('running', { downloadedBytes: 3e9 }))).toEqual([]);
    expect(jobAnnouncements(at('running'), at('paused'))).toEqual([`${label} is paused.`]);
    expect(jobAnnouncements(at('verifying'), at('done'))).toEqual([`${label} is downloaded.`]);
    expect(jobAnnouncements(at('running'), [])).toEqual([]);
  });

  test('a failure and a wait with their cause', () => {
    const error = { code: 'disk_full', message: 'The disk is full.', hint: '' };
    expect(jobAnnouncements(at('running'), at('failed', { error }))).toEqual([
      `Downloading ${label} failed: the disk is full.`,
    ]);
    expect(jobAnnouncements(at('running'), at('waiting', { reason: 'the hub asks to wait' }))).toEqual([
      `${label} waits: the hub asks to wait.`,
    ]);
  });
});
