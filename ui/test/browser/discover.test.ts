// What somebody does to find a model and to have it, with mouse and keyboard.
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { openModel } from './looks';
import { openPage, SMALL, withBrowser } from './page';

withBrowser();

const calls = (page: Page) => page.evaluate(() => window.paddockFakeBackEnd?.calls ?? []);
const count = async (page: Page, call: string) => (await calls(page)).filter(one => one === call).length;
const search = (page: Page) => page.getByLabel('Search the hub');
const rows = (page: Page) => page.getByRole('region', { name: 'Results' }).locator('[data-row]');
const heading = (page: Page, name: string) => page.getByRole('heading', { name, level: 2 });
const variant = (page: Page, name: string) => page.getByRole('row', { name: new RegExp(`^${name}\\b`) });

async function open(page: Page) {
  await page.keyboard.press('Control+2');
  await rows(page).first().waitFor();
}

describe('searching', () => {
  test('waits until somebody has typed, and shows what it found', async () => {
    const page = await openPage('ready');
    await open(page);
    await page.waitForTimeout(400);
    const before = await count(page, 'searchHub');
    await page.keyboard.press('Control+F');
    await page.keyboard.type('qwen3-8b', { delay: 20 });
    await expect.poll(() => rows(page).count()).toBe(2);
    expect(await count(page, 'searchHub')).toBe(before + 1);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await heading(page, 'Qwen_Qwen3-8B-GGUF').waitFor();
  });

  test('goes on at the end of the list until there is no more', async () => {
    const page = await openPage('ready');
    await open(page);
    for (let step = 0; step < 6; step += 1) {
      await rows(page).last().scrollIntoViewIfNeeded();
      await page.waitForTimeout(80);
    }
    await page.getByText('These are all.').waitFor();
    const ids = await rows(page).evaluateAll(all => all.map(row => row.getAttribute('title')));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBe(37);
  });

  test('filters narrow it down, and can be cleared', async () => {
    const page = await openPage('ready');
    await open(page);
    await page.getByRole('button', { name: 'Task' }).click();
    await page.getByRole('menuitemradio', { name: 'Embedding' }).click();
    await expect.poll(() => rows(page).count()).toBe(1);
    await page.getByRole('button', { name: 'Author' }).click();
    await page.getByPlaceholder('Name of a person or group').fill('nobody');
    await page.keyboard.press('Enter');
    await page.getByText('Nothing found').waitFor();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await expect.poll(() => rows(page).count()).toBeGreaterThan(10);
    const fits = page.getByRole('button', { name: 'Runs on this machine' });
    await fits.click();
    expect(await fits.getAttribute('aria-pressed')).toBe('true');
    await page.getByText('Too big').first().waitFor({ state: 'detached' });
  });

  test('a pasted address opens the page at once', async () => {
    const page = await openPage('ready');
    await open(page);
    await page.evaluate(() =>
      navigator.clipboard.writeText(
        'https://huggingface.co/ggml-org/gpt-oss-20b-GGUF/blob/main/gpt-oss-20b-Q5_K_M.gguf',
      ),
    );
    await search(page).focus();
    await page.keyboard.press('Control+V');
    await heading(page, 'gpt-oss-20b-GGUF').waitFor();
    // The file that the address names is the one to look at.
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')))
      .toMatch(/^Download Q5_K_M/);
  });

  test('a name with its owner can be opened without being found', async () => {
    const page = await openPage('ready');
    await open(page);
    await search(page).fill('nobody/nothing-GGUF');
    await page.getByRole('button', { name: 'Open nobody/nothing-GGUF' }).click();
    await page.getByText('There is no such model').waitFor();
    await page.getByRole('button', { name: 'Search for nothing' }).click();
    expect(await search(page).inputValue()).toBe('nothing');
  });

  test('is kept while somebody looks elsewhere', async () => {
    const page = await openPage('ready');
    await open(page);
    await search(page).fill('gemma');
    await page.keyboard.press('Control+1');
    await page.getByLabel('Search models').waitFor();
    await page.keyboard.press('Control+2');
    expect(await search(page).inputValue()).toBe('gemma');
  });
});

describe('having a model', () => {
  test('from the button to its progress to loading it, in one place', async () => {
    const page = await openPage('ready');
    await open(page);
    await rows(page).first().click();
    const row = variant(page, 'Q4_K_M');
    await row.getByText('Recommended').waitFor();
    await row.getByRole('button', { name: /^Download Q4_K_M, 5\.0 GB/ }).click();
    await row.getByRole('progressbar', { name: 'Downloading Q4_K_M' }).waitFor();
    await page.getByRole('navigation').getByText('12.4 MB/s').waitFor();
    await page.getByText('bartowski/Qwen_Qwen3-8B-GGUF:Q4_K_M is downloaded.').waitFor({ state: 'attached' });
    await row.getByRole('button', { name: 'Load Q4_K_M' }).click();
    await page.locator('header').first().getByText('Loading').waitFor();
    await page.getByRole('heading', { name: 'bartowski/Qwen_Qwen3-8B-GGUF:Q4_K_M' }).waitFor();
  });

  // The finished download stays on the list: it must not speak for a model that is gone.
  test('a model that was removed can be had again', async () => {
    const page = await openPage('ready');
    await open(page);
    await rows(page).first().click();
    const row = variant(page, 'Q4_K_M');
    await row.getByRole('button', { name: /^Download Q4_K_M/ }).click();
    await row.getByRole('button', { name: 'Load Q4_K_M' }).waitFor();
    await page.keyboard.press('Control+1');
    const name = 'bartowski/Qwen_Qwen3-8B-GGUF:Q4_K_M';
    await openModel(page, name);
    await page.getByRole('button', { name: `More for ${name}` }).click();
    await page.getByRole('menuitem', { name: 'Remove…' }).click();
    await page.getByRole('button', { name: 'Move to trash' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+2');
    await row.getByRole('button', { name: /^Download Q4_K_M/ }).waitFor();
  });

  test('can be paused, resumed and cancelled in the row', async () => {
    const page = await openPage('longLoad');
    await open(page);
    await rows(page).first().click();
    const row = variant(page, 'Q8_0');
    await row.getByRole('button', { name: /^Download/ }).click();
    await row.getByRole('button', { name: /^Pause/ }).click();
    await row.getByText('Paused').waitFor();
    await row.getByRole('button', { name: /^Resume/ }).click();
    await row.getByRole('button', { name: /^Pause/ }).waitFor();
    await row.getByRole('button', { name: /^Cancel/ }).click();
    await page.getByRole('dialog', { name: /^Cancel bartowski.Qwen_Qwen3-8B-GGUF:Q8_0/ }).waitFor();
    await page.getByRole('button', { name: 'Cancel download' }).click();
    await row.getByRole('button', { name: /^Download/ }).waitFor();
  });

  test('terms that must be accepted are told before, with the way to the token', async () => {
    const page = await openPage('noToken');
    await open(page);
    await rows(page).nth(1).click();
    await page.getByText('The author asks you to accept terms first').waitFor();
    await page.getByRole('button', { name: 'Copy link to the page' }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
      'https://huggingface.co/google/gemma-3-12b-it-qat-q4_0-gguf',
    );
    await page.getByRole('button', { name: 'Set a token' }).click();
    await page.getByRole('heading', { name: 'Model hub' }).waitFor();
  });

  test('a link from outside opens the page and downloads nothing', async () => {
    const page = await openPage('ready');
    await page.evaluate(() =>
      window.paddockFakeBackEnd?.openLink({ repo: 'unsloth/Llama-3.3-70B-Instruct-GGUF', file: null }),
    );
    await heading(page, 'Llama-3.3-70B-Instruct-GGUF').waitFor();
    await variant(page, 'Q4_K_M').getByText('Too big').waitFor();
    expect(await calls(page)).not.toContain('downloadModel');
  });
});

describe('where the hub gives nothing', () => {
  test.each([
    ['hubOffline', 'The hub cannot be reached', 'Show my models'],
    ['hubLimited', 'The hub asks to wait', 'Try again'],
    ['hubRefused', 'The hub does not show it', 'Set a token'],
  ] as const)('%s says what to do', async (scenario, title, action) => {
    const page = await openPage(scenario);
    await page.keyboard.press('Control+2');
    await page.getByRole('alert').getByText(title).waitFor();
    await page.getByRole('alert').getByRole('button', { name: action }).waitFor();
    const before = await count(page, 'searchHub');
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => count(page, 'searchHub')).toBe(before + 1);
  });
});

describe('in a small window', () => {
  test('a repository is a page, and Escape goes back to its row', async () => {
    const page = await openPage('ready', { viewport: SMALL });
    await open(page);
    await rows(page).nth(2).press('Enter');
    const focused = () => page.evaluate(() => document.activeElement?.id);
    await expect.poll(focused).toBe('back-to-results');
    expect(await rows(page).count()).toBe(0);
    await page.keyboard.press('Escape');
    await expect.poll(focused).toBe('hub:unsloth/Llama-3.3-70B-Instruct-GGUF');
  });
});
