import { describe, expect, test } from 'vitest';
import {
  bytes,
  bytesOf,
  daysAgo,
  duration,
  gigabytes,
  grouped,
  parameterCount,
  percent,
  rate,
  remaining,
  shellLine,
  short,
  tokens,
  uptime,
} from '../../src/format';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1500, '2 KB'],
  [999_499, '999 KB'],
  [999_500, '1 MB'],
  [253_116_416, '253 MB'],
  [999_499_999, '999 MB'],
  [999_500_000, '1.0 GB'],
  [5_851_112_896, '5.9 GB'],
  [128_000_000_000, '128 GB'],
])('%i bytes as the disk shows them', (count, text) => expect(bytes(count)).toBe(text));

test.each([
  [268_098_176, '268M'],
  [999_600_000, '1B'],
  [8_190_735_360, '8.2B'],
  [9_960_000_000, '10B'],
  [70_553_706_560, '71B'],
  [12_345, '12,345'],
])('%i parameters', (count, text) => expect(parameterCount(count)).toBe(text));

test.each([
  [32_768, '32k'],
  [131_072, '128k'],
  [512, '512'],
  [40_000, '40,000'],
])('a context of %i', (count, text) => expect(tokens(count)).toBe(text));

test.each([
  [-5, '0 s'],
  [999, '0 s'],
  [59_000, '59 s'],
  [65_000, '1 min 5 s'],
  [754_000, '12 min'],
  [11_520_000, '3 h 12 min'],
  [187_200_000, '2 d 4 h'],
])('%i milliseconds', (time, text) => expect(duration(time)).toBe(text));

test('what runs is counted in minutes', () => {
  expect([59_000, 65_000, 3_600_000].map(uptime)).toEqual(['0 min', '1 min', '1 h 0 min']);
});

test.each([
  [2_112_000_000, 5_016_825_408, '2.1 of 5.0 GB'],
  [40_000_000, 5_016_825_408, '0.0 of 5.0 GB'],
  [17_320_000, 41_238_112, '17 of 41 MB'],
  [512, 20_000, '1 of 20 KB'],
  [17_320_000, null, '17 MB'],
] as const)('%i of %s bytes in the unit of the whole', (count, total, text) =>
  expect(bytesOf(count, total)).toBe(text),
);

test.each([
  [812_000, '812 KB/s'],
  [12_400_000, '12.4 MB/s'],
  [112_400_000, '112 MB/s'],
  [1_240_000_000, '1.2 GB/s'],
])('%i bytes a second', (speed, text) => expect(rate(speed)).toBe(text));

test.each([
  [0, '5 s'],
  [12, '15 s'],
  [55, '55 s'],
  [56, '1 min'],
  [234, '4 min'],
  [3900, '1 h 5 min'],
])('%i seconds left, roughly', (seconds, text) => expect(remaining(seconds)).toBe(text));

test.each([
  [812, '812'],
  [1204, '1.2k'],
  [34_100, '34k'],
  [999_499, '999k'],
  [1_240_331, '1.2M'],
])('%i likes', (count, text) => expect(short(count)).toBe(text));

test('days as people count them', () => {
  const now = Date.parse('2026-11-22T12:00:00Z');
  expect(
    ['2026-11-22T08:00:00Z', '2026-11-21T08:00:00Z', '2026-11-10T08:00:00Z', '2026-08-20T08:00:00Z'].map(
      date => daysAgo(date, now),
    ),
  ).toEqual(['today', 'yesterday', '12 days ago', '3 months ago']);
  expect(daysAgo('2024-10-01', now)).toBe('2 years ago');
  expect(daysAgo(now + 60_000, now)).toBe('today');
  expect(daysAgo('never', now)).toBe('');
});

test('percent stays within its bounds', () => {
  expect([-1, 0, 0.424, 1, 7].map(percent)).toEqual(['0%', '0%', '42%', '100%', '100%']);
});

test('gigabytes and groups', () => {
  expect(gigabytes(571_342_848)).toBe('0.6');
  expect(gigabytes(99_960_000_000)).toBe('100');
  expect(grouped(131_072)).toBe('131,072');
});

describe('a command line can be pasted', () => {
  test.each([
    [['llama-server', '--ctx-size', '8192'], 'llama-server --ctx-size 8192'],
    [['/opt/my engine/llama-server'], "'/opt/my engine/llama-server'"],
    [["it's"], `'it'\\''s'`],
    [['$HOME', ''], "'$HOME' ''"],
  ])('%j', (args, line) => expect(shellLine(args)).toBe(line));
});
