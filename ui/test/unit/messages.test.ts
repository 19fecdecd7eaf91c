// How the window speaks: sentence case, no exclamation marks; and nowhere else than in its one file.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { m } from '../../src/messages';
import { chatWords } from '../../src/messages/chat';
import { desktopWords } from '../../src/messages/desktop';
import { discoverWords } from '../../src/messages/discover';
import { downloadWords } from '../../src/messages/downloads';
import { engineWords } from '../../src/messages/engines';
import { firstRunWords } from '../../src/messages/first-run';
import { hubWords } from '../../src/messages/hub';
import { libraryWords } from '../../src/messages/library';
import { memoryWords } from '../../src/messages/memory';
import { optionWords } from '../../src/messages/options';
import { paletteWords } from '../../src/messages/palette';
import { policyWords } from '../../src/messages/policy';
import { reportWords } from '../../src/messages/report';
import { serverWords } from '../../src/messages/server';

function words(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  // A list, a count and a name will do for every message there is.
  if (typeof value === 'function') {
    return [value(['a'], 'b', 'c'), value('a', 'b', 'c')].flatMap(words);
  }
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(words) : [];
}

const { appliesOnReload, ...formWords } = m.form;
const pages = [
  desktopWords,
  discoverWords,
  downloadWords,
  chatWords,
  engineWords,
  firstRunWords,
  hubWords,
  libraryWords,
  memoryWords,
  optionWords,
  paletteWords,
  policyWords,
  reportWords,
  serverWords,
];
test('every file of words is looked at', () => {
  const files = readdirSync(new URL('../../src/messages', import.meta.url)).filter(
    file => file !== 'plural.ts',
  );
  expect(pages).toHaveLength(files.length);
});

const all = words([{ ...m, form: formWords }, ...pages]).concat(
  appliesOnReload(['A']),
  appliesOnReload(['A', 'B']),
);

test('no exclamation marks, no "Oops", no dots where an ellipsis is meant', () => {
  for (const text of all) expect(text).not.toMatch(/!|\boops\b|\.\.\./i);
});

test('sentence case', () => {
  // Names keep their capitals.
  const names =
    /Paddock|Studio|Ollama|Hugging|Face|Jan|GGUF|OpenAI|API|GPU|CPU|Ctrl|Shift|Python|JavaScript|Markdown|GB|PATH|URL|Models|Settings|Server|Base|Chat|Discover|Engines/;
  for (const text of all) {
    const capitals = text.split(/(?<=[.?:“]) |[ ,]/).filter((word, at) => at > 0 && /^[A-Z][a-z]/.test(word));
    const begins = (word: string) => ['. ', '? ', ': '].some(end => text.includes(end + word));
    const odd = capitals.filter(word => !names.test(word) && !begins(word));
    expect(odd, text).toEqual([]);
  }
});

test('lists read as people write them', () => {
  expect(appliesOnReload(['Context size'])).toBe('Context size applies when the model is reloaded.');
  expect(appliesOnReload(['A', 'B', 'C'])).toBe('A, B, and C apply when the model is reloaded.');
  expect(appliesOnReload(['A', 'B', 'C', 'D'])).toBe('4 changes apply when the model is reloaded.');
  expect(m.announce.added(1)).toBe('1 model added.');
  expect(m.announce.added(2)).toBe('2 models added.');
});

test('labels are not written elsewhere', () => {
  const source = new URL('../../src', import.meta.url).pathname;
  for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.tsx')) continue;
    const text = readFileSync(join(source, file), 'utf8');
    const found = text.match(/(?:aria-label|title|label|placeholder|alt)="[^"]*[A-Za-z]{3,}[^"]*"/g);
    expect(found, file).toBeNull();
  }
});
