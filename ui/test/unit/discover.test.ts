// What is read out of what somebody pastes, and which results are shown.
import { describe, expect, test } from 'vitest';
import { parseReference } from '../../src/features/discover/reference';
import { shownOf } from '../../src/features/discover/search';
import { inOrder, isMeant, repoLine, searchable, shortName } from '../../src/features/discover/view';
import { hubRepos, hubRows } from '../../src/ipc/fake/hub-data';

describe('a reference', () => {
  const repo = 'bartowski/Qwen_Qwen3-8B-GGUF';
  test.each([
    [repo, null],
    [`  ${repo}  `, null],
    [`${repo}:Q4_K_M`, 'Q4_K_M'],
    [`https://huggingface.co/${repo}`, null],
    [`https://huggingface.co/${repo}/`, null],
    [`huggingface.co/${repo}`, null],
    [`hf.co/${repo}`, null],
    [`https://hf-mirror.example/${repo}/tree/main`, null],
    [`https://huggingface.co/${repo}/blob/main/a-Q4_K_M.gguf`, 'a-Q4_K_M.gguf'],
    [`https://huggingface.co/${repo}/resolve/main/Q4/a%20b.gguf?download=true`, 'Q4/a b.gguf'],
    [`https://huggingface.co/${repo}?show_file_info=a.gguf`, 'a.gguf'],
    [`paddock://models/huggingface/${repo}?file=a.gguf`, 'a.gguf'],
  ])('%s', (text, target) => expect(parseReference(text)).toEqual({ repo, target }));

  test.each([
    '',
    'qwen3 8b',
    'qwen/',
    '/qwen',
    'a/b/c',
    'a/b:',
    'a/b:c:d',
    '../etc/passwd',
    'https://huggingface.co/datasets/a',
    'https://huggingface.co/docs/hub',
    'https://huggingface.co/qwen',
    'paddock://models/elsewhere/a/b',
    'http://',
  ])('%s is none', text => expect(parseReference(text)).toBeNull());
});

describe('results', () => {
  const [small, , large] = hubRows;
  if (!small || !large) throw new Error('rows are needed');
  const page = (...repos: typeof hubRows) => ({ repos, cursor: null });

  test('each repository once, however the pages moved meanwhile', () => {
    expect(shownOf([page(small, large), page(large)], false).repos).toEqual([small, large]);
  });

  test('only what fits, and a word for how many do not', () => {
    expect(large.fit).toBe('tooBig');
    expect(shownOf([page(small, large)], true)).toMatchObject({ repos: [small], hidden: 1, tired: false });
  });

  test('pages of which nothing is shown do not go on for ever', () => {
    const others = [1, 2, 3].map(index => page({ ...large, id: `a/${index}` }));
    expect(shownOf([page(small), ...others], true).tired).toBe(true);
    expect(shownOf([...others, page(small)], true).tired).toBe(false);
  });

  test('a row in words', () => {
    expect(repoLine(small)).toBe('bartowski · 8.2B · 40k context · 5.0 GB');
    expect(repoLine({ ...small, parameters: null, contextLength: null, sizeBytes: null })).toBe('bartowski');
    expect(shortName('Qwen3-8B-GGUF')).toBe('Qwen3-8B');
    expect(searchable('Qwen/Qwen3-8B-FP8')).toBe('Qwen3-8B');
  });
});

describe('variants', () => {
  const [repo] = hubRepos;
  if (!repo) throw new Error('a repository is needed');
  const variants = inOrder(repo);

  test('the recommended one comes first, the others as they were', () => {
    expect(variants[0]?.name).toBe('Q4_K_M');
    const rest = repo.variants.filter(variant => !variant.recommended);
    expect(variants.slice(1)).toEqual(rest);
  });

  test('are meant by their name or by a file', () => {
    const [best] = variants;
    if (!best) throw new Error('a variant is needed');
    expect(isMeant(best, 'q4_k_m')).toBe(true);
    expect(isMeant(best, best.files[0]?.path ?? null)).toBe(true);
    expect(isMeant(best, null)).toBe(false);
    expect(isMeant(best, 'Q8_0')).toBe(false);
  });
});
