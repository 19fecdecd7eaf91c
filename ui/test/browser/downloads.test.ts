// The drawer of downloads, and the hub's part of the settings.
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { openPage, withBrowser } from './page';

withBrowser();

const calls = (page: Page) => page.evaluate(() => window.paddockFakeBackEnd?.calls ?? []);
const drawer = (page: Page) => page.getByRole('dialog', { name: 'Downloads' });
const item = (page: Page, name: string) => drawer(page).getByRole('listitem', { name: new RegExp(name) });

describe('downloads', () => {
  test('the navigation says what comes in, and opens the drawer', async () => {
    const page = await openPage('downloading');
    await page
      .getByRole('navigation')
      .getByRole('button', { name: /2 downloads.*44\.2 MB\/s/ })
      .click();
    await item(page, 'Qwen_Qwen3-8B').getByText('2.1 of 5.0 GB · 12.4 MB/s · 4 min left').waitFor();
    await item(page, 'Llama-3.3-70B').getByText('Part 2 of 3').waitFor();
    await page.keyboard.press('Escape');
    await drawer(page).waitFor({ state: 'detached' });
  });

  test('are paused and resumed, told aloud', async () => {
    const page = await openPage('downloading');
    await page.keyboard.press('Control+J');
    await page.getByRole('button', { name: 'Pause bartowski/Qwen_Qwen3-8B-GGUF:Q4_K_M' }).click();
    await item(page, 'Qwen_Qwen3-8B').getByText('Paused').waitFor();
    await page.getByText('bartowski/Qwen_Qwen3-8B-GGUF:Q4_K_M is paused.').waitFor({ state: 'attached' });
    await page.getByRole('button', { name: 'Resume bartowski/Qwen_Qwen3-8B-GGUF:Q4_K_M' }).click();
    await item(page, 'Qwen_Qwen3-8B').getByText('Downloading').waitFor();
  });

  test('are cancelled after one question that names them; Escape answers only that', async () => {
    const page = await openPage('downloading');
    await page.keyboard.press('Control+J');
    const cancel = page.getByRole('button', { name: 'Cancel bartowski/Qwen_Qwen3-8B-GGUF:Q4_K_M' });
    await cancel.click();
    const question = page.getByRole('dialog', { name: 'Cancel bartowski/Qwen_Qwen3-8B-GGUF:Q4_K_M?' });
    await question.getByText('The 2.1 GB that were fetched are deleted.').waitFor();
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'detached' });
    await drawer(page).waitFor();
    expect(await calls(page)).not.toContain('cancelDownload');
    await cancel.click();
    await page.getByRole('button', { name: 'Cancel download' }).click();
    await item(page, 'Qwen_Qwen3-8B').waitFor({ state: 'detached' });
    await item(page, 'Llama-3.3-70B').waitFor();
  });

  // LMS#1031, J#5001: what a restart interrupted is there, with the way to go on.
  test('interrupted by a restart are there, and go on together', async () => {
    const page = await openPage('interrupted');
    await page.getByRole('navigation').getByText('2 interrupted').waitFor();
    await page.keyboard.press('Control+J');
    await item(page, 'Qwen_Qwen3-8B').getByText('What was fetched is kept.').waitFor();
    await page.getByRole('button', { name: 'Resume all' }).click();
    await item(page, 'Qwen_Qwen3-8B').getByText('Downloading').waitFor();
    await item(page, 'Llama-3.3-70B').getByText('Downloading').waitFor();
  });

  test('that failed say why and offer what helps', async () => {
    const page = await openPage('manyDownloads');
    await page.keyboard.press('Control+J');
    const failed = item(page, 'gemma-3-12b');
    await failed.getByText('have not been accepted').waitFor();
    await failed.getByRole('button', { name: 'Set a token' }).click();
    await page.getByRole('heading', { name: 'Model hub' }).waitFor();
    await drawer(page).waitFor({ state: 'detached' });
  });

  test('that are done can be loaded and put away', async () => {
    const page = await openPage('manyDownloads');
    await page.keyboard.press('Control+J');
    await item(page, 'nomic-embed').getByRole('button', { name: 'Load' }).waitFor();
    await page.getByRole('button', { name: 'Clear finished' }).click();
    await item(page, 'nomic-embed').waitFor({ state: 'detached' });
  });

  test('none: says where to find some', async () => {
    const page = await openPage('ready');
    await page.getByRole('navigation').getByRole('button', { name: 'Downloads' }).click();
    await page.getByRole('button', { name: 'Find a model' }).click();
    await page.getByLabel('Search the hub').waitFor();
  });
});

describe('settings of the hub', () => {
  test('a token goes in, is never shown, and can be forgotten', async () => {
    const page = await openPage('noToken');
    await page.keyboard.press('Control+6');
    await page.getByRole('button', { name: 'Set a token…' }).click();
    const field = page.getByLabel('Access token');
    expect(await field.getAttribute('type')).toBe('password');
    await field.fill('hf_secret');
    await page.getByRole('button', { name: 'Keep token' }).click();
    await page.getByText('A token is set.').waitFor();
    expect(await page.content()).not.toContain('hf_secret');
    await page.getByRole('button', { name: 'Forget it' }).click();
    await page.getByText('No token is set.').waitFor();
  });

  test('a mirror is checked before it is kept', async () => {
    const page = await openPage('ready');
    await page.keyboard.press('Control+6');
    const field = page.locator('#hub-endpoint');
    await field.fill('mirror.example');
    await page.getByText('Enter an address that begins with https:// or http://.').waitFor();
    await field.fill('https://mirror.example/');
    await field.press('Enter');
    await expect.poll(() => calls(page)).toContain('setHubEndpoint');
    await expect.poll(() => field.inputValue()).toBe('https://mirror.example');
  });

  test('limits are kept when the field is left, and refused with a word', async () => {
    const page = await openPage('ready');
    await page.keyboard.press('Control+6');
    await page.getByLabel('Speed limit').fill('2.5');
    await page.keyboard.press('Tab');
    await expect.poll(() => calls(page)).toContain('setDownloadLimits');
    const files = page.getByLabel('Files at a time');
    await files.fill('90');
    await page.getByText('Enter a whole number from 1 to 8.').waitFor();
    await files.press('Enter');
    expect((await calls(page)).filter(call => call === 'setDownloadLimits').length).toBe(1);
  });
});
