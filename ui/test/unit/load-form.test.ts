import { describe, expect, test } from 'vitest';
import {
  changedSince,
  groupSummary,
  groupsOf,
  shownValue,
  withLabels,
} from '../../src/features/load-form/form';
import {
  defaultText,
  fromWord,
  getParam,
  integerProblem,
  nearestStop,
  orderedChoices,
  rangeText,
  sliderStops,
  suffix,
  valueText,
  withParam,
} from '../../src/features/load-form/values';
import type { LoadParams } from '../../src/ipc/bindings';
import { newEngineFields, oldEngineFields } from '../../src/ipc/fake/schema';

const LIMITS = { trainingContext: 32_768, blockCount: 18, cores: 8 };
const NONE = { trainingContext: null, blockCount: null, cores: null };
const field = (name: string, fields = newEngineFields) => {
  const found = fields.find(one => one.name === name);
  if (!found) throw new Error(name);
  return found;
};

describe('typed numbers', () => {
  test.each([
    ['threads', '', null],
    ['threads', '8', null],
    ['threads', '0', 'Enter 1 to 512'],
    ['threads', '513', 'Enter 1 to 512'],
    ['threads', '-', 'Enter a whole number'],
    ['threads', '2.5', 'Enter a whole number'],
    ['ctxSize', '131,072', null],
    ['ctxSize', '99999999999', 'Enter 2,147,483,647 or less'],
    ['batchSize', '0', 'Enter 1 or more'],
    ['seed', '-1', null],
    ['seed', '-2', 'Enter -1 to 4,294,967,295'],
  ])('%s = "%s"', (name, text, problem) => {
    const said = integerProblem(field(name), text);
    if (name === 'seed' && problem) expect(said).not.toBeNull();
    else expect(said).toBe(problem);
  });
});

test('ranges and defaults in words', () => {
  expect(rangeText(field('threads'))).toBe('1 to 512');
  expect(rangeText(field('ctxSize'))).toBe('0 or more');
  expect(rangeText(field('mmap'))).toBeNull();
  expect(defaultText(field('ctxSize'), LIMITS)).toBe('32,768');
  expect(defaultText(field('ctxSize'), NONE)).toBe('Auto');
  expect(defaultText(field('ctxSize', oldEngineFields), LIMITS)).toBe('4,096');
  expect(defaultText(field('threads'), LIMITS)).toBe('Auto');
  expect(defaultText(field('seed'), LIMITS)).toBe('random');
  expect(defaultText(field('cacheTypeK'), LIMITS)).toBe('f16');
  expect(defaultText(field('mmap'), LIMITS)).toBeNull();
  expect(suffix(field('ctxSize'), LIMITS)).toBe('of 32,768');
  expect(suffix(field('batchSize'), LIMITS)).toBe('tokens');
  expect(suffix(field('threads'), NONE)).toBe('threads');
});

test('words and values', () => {
  expect(orderedChoices(field('flashAttn'))).toEqual(['auto', 'true', 'false']);
  expect(orderedChoices(field('nGpuLayers'))).toEqual(['auto', 'all']);
  expect(['true', 'false', 'auto'].map(fromWord)).toEqual([true, false, 'auto']);
  expect([true, false, 'auto', 8192, 'q8_0'].map(valueText)).toEqual(['On', 'Off', 'Auto', '8,192', 'q8_0']);
});

test('setting and resetting touches nothing else', () => {
  const params = { threads: 4, extraArgs: { '--metrics': null } };
  expect(withParam(params, 'ctxSize', 1024)).toEqual({ ...params, ctxSize: 1024 });
  expect(withParam(params, 'threads', undefined)).toEqual({ extraArgs: { '--metrics': null } });
  expect(getParam({ ctxSize: null }, 'ctxSize')).toBeUndefined();
  expect(getParam(params, 'extraArgs')).toBeUndefined();
});

test('sliders end where model and machine do', () => {
  const stops = sliderStops(field('ctxSize'), { ...LIMITS, trainingContext: 40_960 });
  expect(stops).toEqual([512, 1024, 2048, 4096, 6144, 8192, 12_288, 16_384, 24_576, 32_768, 40_960]);
  expect(nearestStop(stops ?? [], 9000)).toBe(5);
  expect(sliderStops(field('threads'), LIMITS)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(sliderStops(field('threads'), NONE)).toBeNull();
  expect(sliderStops(field('batchSize'), LIMITS)).toBeNull();
});

test('where a value comes from', () => {
  const resolved = {
    effective: { ctxSize: 8192, parallel: 4, threads: 2 },
    sources: { ctxSize: 'fitted', parallel: 'default', threads: 'saved' },
  } as const;
  expect(shownValue('ctxSize', {}, resolved)).toEqual({ set: undefined, inherited: 8192, source: 'fitted' });
  expect(shownValue('ctxSize', { ctxSize: 512 }, resolved)).toEqual({
    set: 512,
    inherited: undefined,
    source: 'saved',
  });
  expect(shownValue('parallel', {}, resolved).source).toBe('default');
  // Just reset: the preview still knows the old value, the form does not.
  expect(shownValue('threads', {}, resolved)).toEqual({ set: undefined, inherited: undefined, source: null });
});

test('what a reload would change', () => {
  const names = (applied: LoadParams, effective: LoadParams) =>
    changedSince(applied, effective, newEngineFields).map(one => one.name);
  expect(names({ ctxSize: 1 }, { ctxSize: 1 })).toEqual([]);
  expect(names({ ctxSize: 1 }, { ctxSize: 2, threads: 3 })).toEqual(['ctxSize', 'threads']);
  expect(names({ ctxSize: null }, {})).toEqual([]);
  expect(names({ mlock: true }, {})).toEqual(['mlock']);
});

test('groups keep the order of the form and say what is set in them', () => {
  const groups = groupsOf(newEngineFields);
  expect(groups.map(group => group.category)).toEqual(['basic', 'memory', 'speed', 'context', 'advanced']);
  const speed = groups.find(group => group.category === 'speed');
  expect(speed && groupSummary(speed, { threads: 8, flashAttn: true })).toBe(
    'Flash attention on, CPU threads 8',
  );
  expect(speed && groupSummary(speed, {})).toBe('');
});

test('messages name parameters as the form does', () => {
  expect(withLabels('`ctxSize` is 65536, but the model was trained for 32768 tokens', newEngineFields)).toBe(
    'Context size is 65,536, but the model was trained for 32,768 tokens',
  );
  expect(withLabels('a quantized `cacheTypeV` needs flash attention', newEngineFields)).toBe(
    'a quantized V cache type needs flash attention',
  );
  expect(withLabels('Set `flashAttn` to true, or `cacheTypeV` to f16.', newEngineFields)).toBe(
    'Set flash attention to true, or V cache type to f16.',
  );
});
