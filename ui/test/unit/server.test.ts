// The Server page's own arithmetic and the code it offers to paste.
import { expect, test } from 'vitest';
import { linePath } from '../../src/components/LineChart';
import { isAlias, staySummary } from '../../src/features/load-form/StayGroup';
import { EDITORS } from '../../src/features/server/editors';
import { isHostName, originOf } from '../../src/features/server/names';
import { endsIn } from '../../src/features/server/RunningModel';
import { snippet, type Target } from '../../src/features/server/snippets';
import { baseUrl } from '../../src/features/status-bar/EndpointPill';
import { milliseconds, rateOfTokens, timeAgo } from '../../src/format';
import { noPolicy, noStats } from '../../src/ipc/fake/serving';
import { idleChoices, idleWords } from '../../src/state/policy';
import { addSample, SPAN_MILLISECONDS } from '../../src/state/traffic';

const target: Target = { url: 'http://127.0.0.1:8421/v1', model: 'google/gemma', key: null, context: 8192 };

test('snippets name endpoint, model and, where one is needed, a key', () => {
  for (const kind of ['curl', 'python', 'javascript'] as const) {
    expect(snippet(kind, target)).toContain('http://127.0.0.1:8421/v1');
    expect(snippet(kind, target)).toContain('"google/gemma"');
    expect(snippet(kind, target)).not.toContain('pk-');
    expect(snippet(kind, { ...target, key: 'pk-your-key' })).toContain('pk-your-key');
  }
  expect(snippet('curl', { ...target, model: "it's" })).toContain(`"it'\\''s"`);
});

test('settings for editors are what they claim to be', () => {
  const textOf = (id: string, of = target) => EDITORS.find(one => one.id === id)?.text(of) ?? '';
  for (const editor of EDITORS) {
    const text = editor.text({ ...target, key: 'pk-your-key' });
    // Zed keeps keys elsewhere; Open WebUI lists the models itself.
    if (editor.id !== 'zed') expect(text, editor.id).toContain('pk-your-key');
    expect(text, editor.id).toContain('http://127.0.0.1:8421');
    if (editor.id !== 'open-webui') expect(text, editor.id).toContain('google/gemma');
  }
  const zed = JSON.parse(textOf('zed', { ...target, context: 32_768 }));
  expect(zed.language_models.openai_compatible.Paddock.available_models[0].max_tokens).toBe(32_768);
  expect(Object.keys(JSON.parse(textOf('opencode')).provider.paddock.models)).toEqual(['google/gemma']);
  expect(textOf('claude-code')).toContain('ANTHROPIC_BASE_URL=http://127.0.0.1:8421\n');
  expect(textOf('continue')).toMatch(/^name: Paddock\nversion: 0\.0\.1\nschema: v1\nmodels:\n {2}- name: "/);
  expect(textOf('aider', { ...target, model: 'a b' })).toContain("--model 'openai/a b'");
});

test('an endpoint that listens everywhere is called by an address that works', () => {
  const url = (address: string) => baseUrl({ url: address, listening: true, error: null });
  expect(url('http://0.0.0.0:8421')).toBe('http://127.0.0.1:8421/v1');
  expect(url('http://[::]:8421')).toBe('http://127.0.0.1:8421/v1');
  expect(url('http://127.0.0.1:9000')).toBe('http://127.0.0.1:9000/v1');
});

test('only names and origins can be allowed', () => {
  for (const name of ['host.docker.internal', 'my-box', 'a_b.c']) expect(isHostName(name), name).toBe(true);
  for (const name of ['', '*', 'http://x', 'x:80', 'x/y', 'a b', '-x', 'x.']) {
    expect(isHostName(name), name).toBe(false);
  }
  expect(originOf('https://Chat.example.org/')).toBe('https://chat.example.org');
  expect(originOf('http://localhost:3000')).toBe('http://localhost:3000');
  expect(originOf('chrome-extension://abcdef')).toBe('chrome-extension://abcdef');
  for (const text of ['', '*', 'null', 'example.org', 'https://', 'https://x/y', 'https://x y']) {
    expect(originOf(text), text).toBeNull();
  }
});

test('aliases are what a request can say', () => {
  for (const name of ['chat', 'my/chat:8b', 'a.b_c-d+e']) expect(isAlias(name), name).toBe(true);
  for (const name of ['a b', 'a/b/c', '..', './x', '']) expect(isAlias(name), name).toBe(false);
});

test('what is set of a model’s stay is said while it is folded', () => {
  expect(staySummary({ policy: noPolicy, aliases: [] })).toBe(
    'Keep loaded, End when idle, Load at start, Other names',
  );
  expect(
    staySummary({ policy: { ttlSeconds: 300, keepLoaded: true, loadAtStart: true }, aliases: ['x'] }),
  ).toBe('keep loaded, end when idle after 5 minutes, load at start, also called x');
});

test('idle times: the usual ones, and whichever is set', () => {
  expect(idleWords(3600)).toBe('after 1 hour');
  expect(idleWords(-1)).toBe('never');
  expect(idleWords(0)).toBe('at once');
  expect(idleWords(5400)).toBe('after 1 h 30 min');
  expect(idleWords(20)).toBe('after 20 s');
  expect(idleChoices(3600).length).toBe(7);
  expect(idleChoices(20)[0]).toEqual({ value: '20', label: 'after 20 s' });
});

test('when an idle model ends', () => {
  const server = { idleSince: 1_000_000, ttlSeconds: 3600, keepLoaded: false };
  expect(endsIn(server, 1_000_000 + 420_000)).toBe('ends in 53 min');
  expect(endsIn(server, 1_000_000 + 3_590_000)).toBe('ends soon');
  expect(endsIn({ ...server, keepLoaded: true }, 1_000_000)).toBeNull();
  expect(endsIn({ ...server, ttlSeconds: -1 }, 1_000_000)).toBeNull();
  expect(endsIn({ ...server, idleSince: null }, 1_000_000)).toBeNull();
});

test('the charts remember three minutes, and a gap is level', () => {
  const stats = (inFlight: number) => ({ ...noStats, total: { ...noStats.total, inFlight } });
  let samples = addSample([], stats(3), 0);
  samples = addSample(samples, stats(0), 500);
  samples = addSample(samples, stats(5), 60_000);
  expect(samples.map(({ at, requests }) => [at, requests])).toEqual([
    [0, 3],
    [500, 0],
    [59_500, 0],
    [60_000, 5],
  ]);
  samples = addSample(samples, stats(1), 60_000 + SPAN_MILLISECONDS);
  expect(samples.map(({ at }) => at)).toEqual([59_500, 60_000, 239_500, 240_000]);
});

test('a line begins at nothing and goes on to now', () => {
  const box = { now: 100, span: 100, top: 10, width: 200, height: 51 };
  expect(linePath([], box)).toBe('');
  expect(linePath([{ at: 50, value: 10 }], box)).toBe('M0 50.0L100.0 50.0L100.0 2.0L200.0 2.0');
  // What began before is level from the left edge.
  expect(linePath([{ at: -20, value: 5 }], box)).toBe('M0 26.0L0.0 26.0L200.0 26.0');
});

test('numbers of the page', () => {
  expect(rateOfTokens(0.01)).toBe('0');
  expect(rateOfTokens(41.66)).toBe('41.7');
  expect(rateOfTokens(1234)).toBe('1,234');
  expect(milliseconds(412)).toBe('412 ms');
  expect(milliseconds(1234)).toBe('1.2 s');
  expect(milliseconds(61_000)).toBe('1 min 1 s');
  expect(timeAgo(0, 5 * 60_000)).toBe('5 min ago');
  expect(timeAgo(0, 30_000)).toBe('now');
  expect(timeAgo(0, 7_200_000)).toBe('2 h ago');
});
