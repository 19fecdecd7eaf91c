// The engine's own options below the form, the engine that a model is set to, and what happens to engines by itself.
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { openPage, withBrowser } from './page';

withBrowser();

const calls = (page: Page) => page.evaluate(() => window.paddockFakeBackEnd?.calls ?? []);
const section = (page: Page) => page.getByRole('region', { name: 'All engine options' });
const option = (page: Page, flag: string) => page.locator(`[data-field="${flag}"]`);
const command = (page: Page) => page.getByRole('region', { name: 'Command line' });

async function openOptions(page: Page, model = 'qwen3-8b') {
  await page.locator('li').filter({ hasText: model }).locator('[data-row]').click();
  await section(page)
    .getByRole('button', { name: /^All engine options/ })
    .click();
  await section(page).getByLabel('Search options').waitFor();
}

describe('engine options', () => {
  test('are asked for when they are opened, drawn in part, and found by every word', async () => {
    const page = await openPage('stopped');
    await page.locator('[data-field="ctxSize"]').waitFor();
    expect(await calls(page)).not.toContain('engineOptions');
    await openOptions(page);
    await section(page)
      .getByRole('button', { name: /^All engine options \(82\)/ })
      .waitFor();
    expect(await section(page).locator('[data-field]').count()).toBe(40);
    await section(page).getByRole('button', { name: 'Show 40 more' }).click();
    expect(await section(page).locator('[data-field]').count()).toBe(80);
    await page.getByLabel('Search options').fill('reuse shifting');
    await section(page).getByText('1 of 82').waitFor();
    await option(page, '--cache-reuse').waitFor();
    await page.getByLabel('Search options').fill('nonsense');
    await page.getByText('No option has “nonsense” in its name or help.').waitFor();
    await page.keyboard.press('Escape');
    await option(page, '--cpu-strict').waitFor();
  });

  test('are passed, saved, shown while folded, and taken out again', async () => {
    const page = await openPage('stopped');
    await openOptions(page);
    await page.getByLabel('Search options').fill('cache-reuse');
    await page.getByLabel('--cache-reuse', { exact: true }).fill('256');
    await command(page).getByText('--cache-reuse 256').waitFor();
    await page.getByLabel('Search options').fill('prometheus');
    await option(page, '--metrics').getByRole('switch').check({ force: true });
    await command(page).getByText('--metrics').waitFor();
    await page.getByLabel('Search options').fill('--perf');
    await option(page, '--perf').getByText('Off').click();
    await command(page).getByText('--no-perf').waitFor();
    await page.getByText('Saved', { exact: true }).waitFor();
    await section(page)
      .getByRole('button', { name: /^All engine options/ })
      .click();
    const set = page.getByRole('list', { name: 'Set for this model' });
    expect(await set.getByRole('listitem').allTextContents()).toEqual([
      '--cache-reuse 256',
      '--metrics',
      '--perf off',
    ]);
    await set.getByRole('button', { name: 'Remove --cache-reuse' }).click();
    await expect.poll(() => command(page).textContent()).not.toContain('--cache-reuse');
    await set.getByRole('button', { name: '--perf off' }).click();
    await option(page, '--perf').getByRole('button', { name: 'Reset --perf' }).click();
    await expect.poll(() => command(page).textContent()).not.toContain('perf');
    await page.getByRole('button', { name: 'Reset all' }).click();
    await set.waitFor({ state: 'detached' });
  });

  test('that the form has lead to their field; those of Paddock say why they cannot be set', async () => {
    const page = await openPage('stopped');
    await openOptions(page);
    await page.getByLabel('Search options').fill('--batch-size');
    await page.getByRole('button', { name: 'In the form above: Batch size' }).click();
    await expect
      .poll(() =>
        page.evaluate(() => document.activeElement?.closest('[data-field]')?.getAttribute('data-field')),
      )
      .toBe('batchSize');
    await page.getByLabel('Search options').fill('--port');
    await option(page, '--port').getByText('Cannot be set here: every model listens').waitFor();
    expect(await option(page, '--port').locator('input').count()).toBe(0);
  });

  test('that are wrong say so at their row, also while folded, and stop a load', async () => {
    const page = await openPage('stopped');
    await openOptions(page);
    await page.getByLabel('Search options').fill('layer-range');
    await page.getByLabel('--control-vector-layer-range', { exact: true }).fill('5');
    const said = page.getByText('--control-vector-layer-range takes 2 values: START END.');
    await option(page, '--control-vector-layer-range').locator(said).waitFor();
    await section(page)
      .getByRole('button', { name: /^All engine options/ })
      .click();
    await said.waitFor();
    await page.keyboard.press('Control+L');
    await page.waitForTimeout(600);
    expect(await calls(page)).not.toContain('loadModel');
    await page.getByRole('button', { name: 'Remove --control-vector-layer-range' }).click();
    await said.waitFor({ state: 'detached' });
  });

  test('apply on reload where the model runs', async () => {
    const page = await openPage('ready');
    await openOptions(page, 'gemma-3-270m');
    await page.getByLabel('Search options').fill('prometheus');
    await option(page, '--metrics').getByRole('switch').check({ force: true });
    await page.getByText('--metrics applies when the model is reloaded.').waitFor();
    await page.getByRole('button', { name: 'Reload' }).click();
    await page.getByText('applies when the model is reloaded').waitFor({ state: 'detached' });
  });
});

test('a model can be set to an engine, and back to the current one', async () => {
  const page = await openPage('stopped');
  await page.locator('li').filter({ hasText: 'qwen3-8b' }).locator('[data-row]').click();
  const advanced = page.getByRole('button', { name: /^Advanced/ });
  await advanced.click();
  const select = page.locator('[data-field="engine"] input').first();
  await expect.poll(() => select.inputValue()).toBe('Current (b11434-vulkan)');
  await select.click();
  await page.getByRole('option', { name: 'b11212-vulkan' }).click();
  await page.getByText('Runs with b11212-vulkan, whichever engine is in use.').waitFor();
  await advanced.click();
  await page.getByRole('button', { name: 'Advanced Engine b11212-vulkan' }).click();
  await select.click();
  await page.getByRole('option', { name: 'Current (b11434-vulkan)' }).click();
  await page.getByText('Runs with the engine in use, also after an update.').waitFor();
  expect((await calls(page)).filter(call => call === 'pinModel')).toHaveLength(2);
});

test('what happens to engines by itself can be chosen', async () => {
  const page = await openPage('ready');
  await page.keyboard.press('Control+4');
  const auto = page.getByRole('switch', { name: 'Install updates by themselves' });
  const fetch = page.getByRole('switch', { name: 'Fetch an engine when there is none' });
  await auto.waitFor();
  expect([await auto.isChecked(), await fetch.isChecked()]).toEqual([false, true]);
  await auto.click();
  await expect.poll(() => auto.isChecked()).toBe(true);
  await fetch.click();
  await expect.poll(() => fetch.isChecked()).toBe(false);
  expect((await calls(page)).filter(call => call === 'setEngineUpdates')).toHaveLength(2);
});
