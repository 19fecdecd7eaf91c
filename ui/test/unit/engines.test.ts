// Which engine, which variant, and how an installation is told.
import { describe, expect, test } from 'vitest';
import {
  conditionOf,
  inOrder,
  isAbout,
  jobNumbers,
  jobPercent,
  rollBackTarget,
} from '../../src/features/engines/view';
import { availableEngines, engineJob, engineRows } from '../../src/ipc/fake/engines';
import { installAnnouncement, installProgress, isInstalling } from '../../src/state/engine-job';

const at = (...args: Parameters<typeof engineJob>) => engineJob(...args);

describe('installed engines', () => {
  test('a file that is away is missing, whatever was known of it', () => {
    expect(engineRows.map(conditionOf)).toEqual(['good', 'good', 'failed', 'unproved', 'good', 'missing']);
  });

  test('rolling back goes to the one before, if that is there and not in use', () => {
    expect(rollBackTarget(engineRows)?.name).toBe('b11212-vulkan');
    expect(rollBackTarget(engineRows.map(row => ({ ...row, present: false })))).toBeNull();
    expect(rollBackTarget(engineRows.map(row => ({ ...row, current: row.previous })))).toBeNull();
  });
});

describe('variants', () => {
  test('the recommended one first, those that cannot work last', () => {
    expect(inOrder(availableEngines).map(variant => variant.id)).toEqual([
      'vulkan',
      'cpu',
      'cuda',
      'rocm',
      'sycl',
    ]);
  });

  test('a job is about its variant; until it has chosen, about what is recommended', () => {
    const build = { tag: 'b11512', newest: true };
    const vulkan = { id: 'vulkan', recommended: true };
    const cpu = { id: 'cpu', recommended: false };
    expect(isAbout(at('b11512', 'vulkan', 'fetching'), build, vulkan)).toBe(true);
    expect(isAbout(at('b11512', 'vulkan', 'fetching'), build, cpu)).toBe(false);
    expect(isAbout(at('b11487', 'vulkan', 'fetching'), build, vulkan)).toBe(false);
    const looking = { ...at('latest', 'x', 'looking'), variant: null };
    expect(isAbout(looking, build, vulkan)).toBe(true);
    expect(isAbout(looking, build, cpu)).toBe(false);
    expect(isAbout(looking, { ...build, newest: false }, vulkan)).toBe(false);
  });
});

describe('an installation', () => {
  test('only fetching has a length', () => {
    const fetching = at('b1', 'cpu', 'fetching', 0.42);
    expect(installProgress(fetching)).toBeCloseTo(0.42);
    expect(jobNumbers(fetching)).toBe('17 of 41 MB · 3.1 MB/s · 10 s left');
    expect(jobPercent(fetching)).toBe('42%');
    expect(installProgress({ ...fetching, totalBytes: null })).toBeNull();
    expect(jobNumbers(at('b1', 'cpu', 'proving'))).toBe('');
    expect(jobPercent(at('b1', 'cpu', 'proving'))).toBe('');
    expect([null, at('b1', 'cpu', 'done'), at('b1', 'cpu', 'failed')].some(isInstalling)).toBe(false);
  });

  test('each step is said once, and how it ended', () => {
    const fetching = at('b1', 'cpu', 'fetching', 0.1);
    expect(installAnnouncement(null, fetching)).toBe('Downloading the engine.');
    expect(installAnnouncement(fetching, at('b1', 'cpu', 'fetching', 0.9))).toBeNull();
    expect(installAnnouncement(fetching, at('b1', 'cpu', 'done'))).toBe('b1 is installed.');
    const error = { code: 'x', message: 'The archive is broken.', details: [], hint: '' };
    expect(installAnnouncement(fetching, { ...at('b1', 'cpu', 'failed'), error })).toBe(
      'Installing b1 failed: the archive is broken.',
    );
    const cancelled = { ...error, code: 'cancelled' };
    expect(installAnnouncement(fetching, { ...at('b1', 'cpu', 'failed'), error: cancelled })).toBeNull();
    expect(installAnnouncement(fetching, null)).toBeNull();
    expect(installAnnouncement(fetching, { ...fetching, id: 2 })).toBe('Downloading the engine.');
  });
});
