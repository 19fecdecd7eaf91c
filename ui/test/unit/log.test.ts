import { describe, expect, test } from 'vitest';
import { levelOf, linesOf, parts } from '../../src/components/log-lines';
import { appendLines, joinLog, MAX_LINES } from '../../src/state/log';

describe('what was asked for and what came meanwhile', () => {
  test.each([
    ['nothing came', ['a', 'b'], [], ['a', 'b']],
    ['all new', ['a', 'b'], ['c'], ['a', 'b', 'c']],
    ['told again', ['a', 'b', 'c'], ['b', 'c', 'd'], ['a', 'b', 'c', 'd']],
    ['the past told again from the start', ['a', 'b', 'c'], ['a', 'b'], ['a', 'b', 'c']],
    ['no answer yet', [], ['a'], ['a']],
    ['a line that repeats', ['x', 'x'], ['x', 'x', 'y'], ['x', 'x', 'y']],
  ])('%s', (_, answer, meanwhile, lines) => expect(joinLog(answer, meanwhile)).toEqual(lines));
});

test('the oldest lines go', () => {
  const full = Array.from({ length: MAX_LINES }, (_, index) => String(index));
  const lines = appendLines(full, ['new']);
  expect(lines.length).toBe(MAX_LINES);
  expect([lines[0], lines.at(-1)]).toEqual(['1', 'new']);
  expect(appendLines(full, [])).toBe(full);
});

test.each([
  ['0.00.933.010 E ggml: insufficient memory', 'error'],
  ['error: invalid argument: --x', 'error'],
  ['llama: failed to load model', 'error'],
  ['0.00.190.002 W load: odd token', 'warning'],
  ['0.00.190.002 I load: fine', undefined],
  ['srv  update_slots: all slots are idle', undefined],
])('%s', (line, level) => expect(levelOf(line)).toBe(level));

describe('what is shown of a log', () => {
  const all = ['I load: fine', 'W load: odd token', 'E ggml: no memory', 'slot 0: done'];
  const texts = (search: string, level: 'all' | 'warning' | 'error') =>
    linesOf(all, search, level).map(line => line.text);
  test('by how loud', () => {
    expect(texts('', 'all')).toEqual(all);
    expect(texts('', 'warning')).toEqual(['W load: odd token', 'E ggml: no memory']);
    expect(texts('', 'error')).toEqual(['E ggml: no memory']);
  });
  test('by what it says, whatever its case', () => {
    expect(texts('LOAD', 'all')).toEqual(['I load: fine', 'W load: odd token']);
    expect(texts('load', 'error')).toEqual([]);
    expect(linesOf(all, 'slot', 'all')[0]?.number).toBe(3);
  });
  test('marked where it was found', () => {
    expect(parts('a load, a Load', 'load').map(({ piece, found }) => [piece, found])).toEqual([
      ['a ', false],
      ['load', true],
      [', a ', false],
      ['Load', true],
    ]);
  });
});
