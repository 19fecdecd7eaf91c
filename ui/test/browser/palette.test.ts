// The command palette, the log's tools and the report of a problem.
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { openPage, withBrowser } from './page';

withBrowser();

const calls = (page: Page) => page.evaluate(() => window.paddockFakeBackEnd?.calls ?? []);
const palette = async (page: Page, text: string) => {
  await page.keyboard.press('Control+K');
  await page.getByPlaceholder('Type a command, a place or a model').waitFor();
  await page.keyboard.type(text);
};

describe('the command palette', () => {
  test('goes to places, and back to where the focus was', async () => {
    const page = await openPage('stopped');
    await page.locator('[data-row]').first().focus();
    await palette(page, 'engi');
    await page.keyboard.press('Enter');
    await page.locator('nav [aria-current="page"]:has-text("Engines")').waitFor();
    await palette(page, 'nothing is called this');
    await page.getByText('Nothing is called so').waitFor();
    await page.keyboard.press('Escape');
    await page.getByPlaceholder('Type a command, a place or a model').waitFor({ state: 'detached' });
  });

  test('says which action Enter would run', async () => {
    const page = await openPage('stopped');
    await palette(page, 'e');
    const search = page.getByRole('combobox', { name: 'Type a command, a place or a model' });
    const told = async () => {
      const id = await search.getAttribute('aria-activedescendant');
      return id && page.locator(`[id="${id}"][role="option"][aria-selected="true"]`).textContent();
    };
    const marked = () => page.locator('[role="option"][data-selected]').textContent();
    await expect.poll(async () => (await told()) !== null && (await told()) === (await marked())).toBe(true);
    const first = await told();
    await page.keyboard.press('ArrowDown');
    await expect.poll(told).not.toBe(first);
    expect(await told()).toBe(await marked());
    await page.keyboard.type('ngines');
    await expect.poll(told).toContain('Engines');
  });

  test('loads and stops models by name', async () => {
    const page = await openPage('stopped');
    await page.locator('[data-row]').first().waitFor();
    await palette(page, 'load qwen3');
    await page.keyboard.press('Enter');
    await page.locator('header').first().getByText('Ready').waitFor();
    await palette(page, 'stop all');
    await page.keyboard.press('Enter');
    await page.locator('header').first().getByText('Nothing loaded').waitFor();
    expect(await calls(page)).toContain('unloadModel');
  });

  test('tries the chosen model in a chat of its own, whatever runs', async () => {
    const page = await openPage('chats');
    // Not the chat of the last time, which the page would show otherwise.
    await page.evaluate(() => localStorage.setItem('paddock.chat', 'names'));
    await page.locator('[id="row:qwen/qwen3-8b-q5_k_m"]').click();
    await palette(page, 'try the chosen');
    await page.keyboard.press('Enter');
    await page.getByText('Try qwen3-8b').waitFor();
    expect(await page.getByRole('combobox', { name: 'Model' }).inputValue()).toContain('qwen3-8b');
    expect(await page.getByText('Petrel, Halcyon, and').count()).toBe(0);
  });

  test('changes the theme', async () => {
    const page = await openPage('stopped');
    await palette(page, 'dark');
    await page.keyboard.press('Enter');
    await page.locator('html[data-mantine-color-scheme="dark"]').waitFor({ state: 'attached' });
    expect(await calls(page)).toContain('setTheme');
  });

  test('waits while a dialog asks something', async () => {
    const page = await openPage('takeover', { ready: '[role="dialog"]' });
    await page.keyboard.press('Control+K');
    await page.waitForTimeout(200);
    expect(await page.getByPlaceholder('Type a command, a place or a model').count()).toBe(0);
  });
});

describe('the log', () => {
  test('is searched, narrowed, copied and saved as it is shown', async () => {
    const page = await openPage('ready');
    await page.getByRole('tab', { name: 'Log' }).click();
    const log = page.getByRole('region', { name: /^Log of/ });
    await log.waitFor();
    const all = await log.locator('> div').count();
    await page.getByLabel('Search the log').fill('SERVER');
    await expect.poll(() => log.locator('> div').count()).toBeLessThan(all);
    expect(await log.locator('mark').first().textContent()).toMatch(/server/i);
    await page.getByText(/ of \d+ lines$/).waitFor();
    await page.getByRole('button', { name: 'Copy log' }).click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied.split('\n').every(line => /server/i.test(line))).toBe(true);
    await page.getByRole('button', { name: 'Save the log…' }).click();
    await expect.poll(() => calls(page)).toContain('saveText');
    await page.getByLabel('Search the log').fill('no such words');
    await page.getByText('No such line').waitFor();
    // What comes later is looked at too.
    await page.evaluate(() => {
      const host = window.paddockFakeBackEnd?.host;
      host?.say('google/gemma-3-270m-q4_k_m', 'here are no such words');
    });
    await log.locator('mark').first().waitFor();
    await page.getByLabel('Search the log').press('Escape');
    await page.getByText('Errors').click();
    await expect.poll(() => page.getByText(/ of \d+ lines$/).count()).toBe(1);
  });
});

test('a report is read before it is copied', async () => {
  const page = await openPage('ready');
  await page.keyboard.press('Control+6');
  await page.getByRole('button', { name: 'Report a problem…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('variable    HF_HOME=…/huggingface').waitFor();
  await dialog.getByRole('button', { name: 'Copy Report' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('Paddock 0.1.0');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
});
