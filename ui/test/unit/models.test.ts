import { describe, expect, test } from 'vitest';
import { folderOf, headerLine, rowLine } from '../../src/features/models/describe';
import { filterModels, sortModels } from '../../src/features/models/sort-filter';
import { broken, gemma, models } from '../../src/ipc/fake/models';

const names = (list: { name: string }[]) => list.map(model => model.name);

describe('the list', () => {
  test('every word must be found, in any order and field', () => {
    expect(names(filterModels(models, 'q4 gemma'))).toEqual(['gemma-3-270m', 'gemma-3-27b-it']);
    expect(names(filterModels(models, 'MICROSOFT'))).toEqual(['phi-4']);
    expect(filterModels(models, ' ').length).toBe(models.length);
    expect(filterModels(models, 'gemma qwen')).toEqual([]);
  });

  test('what runs comes first, what cannot be loaded last', () => {
    const sorted = sortModels([broken, ...models], 'name', key => key === 'qwen/qwen3-8b-q5_k_m');
    expect(names(sorted)[0]).toBe('qwen3-8b');
    expect(names(sorted).slice(-2)).toEqual(['phi-4', 'smollm3-3b']);
  });

  test('names sort as people count', () => {
    const two = ['gemma-10b', 'gemma-2b'].map(name => ({ ...gemma, name }));
    expect(names(sortModels(two, 'name', () => false))).toEqual(['gemma-2b', 'gemma-10b']);
  });

  test('by size and by parameters, the largest first', () => {
    expect(names(sortModels(models, 'size', () => false))[0]).toBe('Llama-3.3-70B-Instruct');
    expect(names(sortModels(models, 'parameters', () => false)).indexOf('gemma-3-270m')).toBe(5);
  });
});

test('a model in one line', () => {
  expect(rowLine(gemma)).toBe('268M · 253 MB · 32k context');
  expect(headerLine(gemma)).toBe('google · gemma3 · 268M · Q4_K_M · 253 MB');
  expect(rowLine(broken)).toBe('The file ends before its tensors do: 1.1 GB are there, 3.3 GB are expected');
  expect(rowLine({ ...gemma, present: false, path: 'D:\\models\\gemma.gguf' })).toBe(
    'Not found in D:\\models',
  );
  expect(rowLine({ ...gemma, parameterCount: null, contextLength: null, sizeBytes: null })).toBe('');
  expect(folderOf('/a/b/c.gguf')).toBe('/a/b');
});
