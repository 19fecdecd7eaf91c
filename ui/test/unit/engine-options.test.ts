import { describe, expect, test } from 'vitest';
import {
  changedExtras,
  extraOf,
  extrasOf,
  extraText,
  flagOf,
  hasOpposite,
  problemsOfOption,
  problemText,
  searchOptions,
  sectionsOf,
  sectionTitle,
  shownExtra,
  withExtra,
  withOption,
} from '../../src/features/load-form/options';
import type { Problem } from '../../src/ipc/bindings';
import { engineOptions } from '../../src/ipc/fake/options';

const option = (name: string) => {
  const found = engineOptions.find(one => one.name === name);
  if (!found) throw new Error(name);
  return found;
};
const problem = (param: string, message: string): Problem => ({
  param,
  message,
  severity: 'error',
  hint: null,
});

describe('values', () => {
  test('are set and taken out; the last one leaves nothing behind', () => {
    const one = withExtra({ threads: 4 }, '--cache-reuse', '256');
    expect(one).toEqual({ threads: 4, extraArgs: { '--cache-reuse': '256' } });
    expect(withExtra(one, '--metrics', true).extraArgs).toEqual({
      '--cache-reuse': '256',
      '--metrics': true,
    });
    expect(withExtra(one, '--cache-reuse', undefined)).toEqual({ threads: 4 });
    expect(extrasOf({ extraArgs: null })).toEqual({});
  });

  test('take the place of the same option by another name', () => {
    const params = { extraArgs: { '-tb': '4', '--metrics': null } };
    expect(extraOf(option('--threads-batch'), params.extraArgs)).toBe('4');
    expect(withOption(params, option('--threads-batch'), '8').extraArgs).toEqual({
      '--metrics': null,
      '--threads-batch': '8',
    });
    expect(withOption(params, option('--threads-batch'), undefined).extraArgs).toEqual({ '--metrics': null });
  });

  test('of switches with an opposite are on or off by either spelling', () => {
    const perf = option('--perf');
    const offload = option('--kv-offload');
    expect(hasOpposite(perf)).toBe(true);
    expect(hasOpposite(option('--metrics'))).toBe(false);
    expect(extraOf(perf, { '--no-perf': null })).toBe(false);
    expect(extraOf(perf, { '--no-perf': 'false' })).toBe(true);
    expect(extraOf(perf, { '--perf': null })).toBeNull();
    expect(extraOf(offload, { '-nkvo': true })).toBe(false);
    expect(extraOf(offload, { '-kvo': true })).toBe(true);
    expect(extraOf(perf, {})).toBeUndefined();
  });

  test('in short', () => {
    const words = { off: 'off', not: 'not passed' };
    expect([null, true, 'true', false, '', '256'].map(value => extraText(value, words))).toEqual([
      '',
      '',
      '',
      'off',
      'not passed',
      '256',
    ]);
  });

  test('from elsewhere hold while nothing is set; what was saved a moment ago does not', () => {
    const effective = { extraArgs: { '--metrics': null } };
    const metrics = option('--metrics');
    expect(shownExtra(metrics, {}, { effective, sources: { '--metrics': 'default' } })).toEqual({
      value: undefined,
      inherited: null,
      source: 'default',
    });
    expect(
      shownExtra(metrics, {}, { effective, sources: { '--metrics': 'saved' } }).inherited,
    ).toBeUndefined();
    expect(shownExtra(metrics, { '--metrics': '' }, { effective, sources: {} })).toEqual({
      value: '',
      inherited: undefined,
      source: null,
    });
  });

  test('that a reload would change', () => {
    const running = { extraArgs: { '--metrics': null, '--keep': '5', '--poll': '' } };
    expect(
      changedExtras(running, { extraArgs: { '--metrics': true, '--keep': '6', '--perf': false } }),
    ).toEqual(['--keep', '--perf']);
    expect(changedExtras(running, {})).toEqual(['--metrics', '--keep']);
    expect(changedExtras({}, {})).toEqual([]);
  });
});

describe('the list', () => {
  test('is searched by every word, in names and in help; names first', () => {
    expect(searchOptions(engineOptions, '  ')).toHaveLength(engineOptions.length);
    expect(searchOptions(engineOptions, 'CACHE reuse')[0]?.name).toBe('--cache-reuse');
    const batch = searchOptions(engineOptions, 'batch').map(one => one.name);
    expect(batch.indexOf('--ubatch-size')).toBeLessThan(batch.length);
    expect(searchOptions(engineOptions, 'prometheus metrics').map(one => one.name)).toEqual(['--metrics']);
    expect(searchOptions(engineOptions, 'prometheus nonsense')).toEqual([]);
  });

  test('keeps the engine’s sections', () => {
    expect(sectionsOf(engineOptions).map(one => one.section)).toEqual([
      'common params',
      'sampling params',
      'speculative params',
      'example-specific params',
    ]);
    expect(sectionTitle('common params')).toBe('Common parameters');
  });
});

describe('problems', () => {
  const extras = { '--cache-reuse': 'x', '--keep': '1' };
  test('belong to their flag, be it the parameter or in the message', () => {
    expect(flagOf(problem('--keep', 'any'), extras)).toBe('--keep');
    expect(flagOf(problem('extraArgs', '`--cache-reuse` needs a value'), extras)).toBe('--cache-reuse');
    expect(flagOf(problem('extraArgs', 'an object of flags such as `--other`'), extras)).toBeNull();
    const given = [problem('extraArgs', '`--cache-reuse` needs a value'), problem('-tb', 'is wrong')];
    expect(problemsOfOption(option('--cache-reuse'), given, extras)).toEqual([given[0]]);
    expect(problemsOfOption(option('--threads-batch'), given, extras)).toEqual([given[1]]);
  });

  test('are sentences', () => {
    expect(problemText({ ...problem('-x', '`-x` is wrong'), hint: 'Did you mean `-y`?' })).toBe(
      '-x is wrong. Did you mean -y?',
    );
  });
});
