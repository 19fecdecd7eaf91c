// The first steps, until a model is tried or everything was skipped.
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openPage, withBrowser } from './page';

withBrowser();

const calls = (page: Page) => page.evaluate(() => window.paddockFakeBackEnd?.calls ?? []);
const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first().click();

test('engine, model, and it answers: four clicks', async () => {
  const page = await openPage('firstRun');
  await page.getByRole('heading', { name: 'What this computer can run' }).waitFor();
  // Nothing was asked outside before somebody said so.
  expect(await calls(page)).not.toContain('recommendModels');
  expect(await calls(page)).not.toContain('availableEngines');
  await press(page, 'Fetch the engine');
  await page.getByRole('heading', { name: 'A model to begin with' }).waitFor();
  await page.getByRole('radio', { name: 'Balanced' }).and(page.locator('[data-checked]')).waitFor();
  await page.getByRole('radio', { name: 'Quick' }).click();
  await press(page, /^Download /);
  await page.getByRole('heading', { name: 'Nearly there' }).waitFor();
  await page.getByRole('heading', { name: 'Ready to answer' }).waitFor();
  await page.getByText('/chat/completions').waitFor();
  await press(page, 'Copy Endpoint');
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('http://127.0.0.1:8421/v1');
  await press(page, 'Try it');
  await page.locator('nav [aria-current="page"]:has-text("Chat")').waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('chat-box');
  expect((await calls(page)).filter(call => call === 'finishFirstRun').length).toBe(1);
});

test('each step can be skipped, and nothing is asked for that', async () => {
  const page = await openPage('firstRun');
  await press(page, 'Skip this step');
  await page.getByRole('heading', { name: 'A model to begin with' }).waitFor();
  await page.getByText('There is no engine yet').waitFor();
  await press(page, 'Skip this step');
  await page.getByRole('heading', { name: 'Paddock is set up' }).waitFor();
  await press(page, 'Open Paddock');
  await page.getByText('No models yet').waitFor();
  expect(await calls(page)).not.toContain('installEngine');
  expect(await calls(page)).not.toContain('downloadModel');
});

test('all of it can be skipped at once', async () => {
  const page = await openPage('firstRun');
  await press(page, 'Skip all');
  await page.getByText('No models yet').waitFor();
  expect(await calls(page)).toContain('finishFirstRun');
});

test('who has models already takes them', async () => {
  const page = await openPage('firstRun');
  await press(page, 'Skip this step');
  await press(page, 'I already have models…');
  await page.getByRole('menuitem', { name: 'From other apps…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: /^Add / }).click();
  await page.getByText('is here', { exact: false }).first().waitFor();
  // The engine was skipped: nothing is under way, and the way to it is where that is said.
  await page.getByRole('heading', { name: 'Something is still missing' }).waitFor();
  await page.getByText('There is no engine yet. It is fetched with the first model that is loaded').waitFor();
  expect(await page.getByRole('button', { name: 'Try it' }).getAttribute('aria-disabled')).toBe('true');
  await press(page, 'Fetch the engine');
  await page.getByRole('heading', { name: 'Nearly there' }).waitFor();
  await page.getByRole('heading', { name: 'Ready to answer' }).waitFor();
  await press(page, 'Try it');
  await page.locator('nav [aria-current="page"]:has-text("Chat")').waitFor();
});

test('an engine that was found is tried before it is called good', async () => {
  const page = await openPage('firstRunUntried');
  await page.getByText('Trying llama-server with a small model').waitFor();
  await page.getByText('The engine llama-server is here and has answered with a small model.').waitFor();
  await press(page, 'Continue');
  await press(page, /^Download /);
  await page.getByRole('heading', { name: 'Ready to answer' }).waitFor();
  expect((await calls(page)).filter(call => call === 'proveEngine')).toHaveLength(1);
  expect(await calls(page)).not.toContain('installEngine');
});

test('one that was found and does not work is not called ready', async () => {
  const page = await openPage('firstRunDead');
  await page.getByText('The engine llama-server could not answer with a small model: it ended').waitFor();
  await page.getByRole('region', { name: 'Engine' }).getByRole('button', { name: 'Try again' }).click();
  await expect.poll(async () => (await calls(page)).filter(call => call === 'proveEngine').length).toBe(2);
  await press(page, 'Continue');
  await press(page, /^Download /);
  await page.getByText('is here', { exact: false }).first().waitFor();
  await page.getByRole('heading', { name: 'Something is still missing' }).waitFor();
  expect(await page.getByRole('button', { name: 'Try it' }).getAttribute('aria-disabled')).toBe('true');
  await press(page, 'Fetch another engine');
  await page.getByRole('heading', { name: 'Ready to answer' }).waitFor();
});

test('without a hub it says so and goes on', async () => {
  const page = await openPage('firstRunOffline');
  await page.getByText('The engine is here').waitFor();
  await press(page, 'Continue');
  await page.getByText('The hub could not be asked: the hub cannot be reached.').waitFor();
  await press(page, 'Skip this step');
  await page.getByRole('heading', { name: 'Paddock is set up' }).waitFor();
});

test('by keyboard alone', async () => {
  const page = await openPage('firstRun');
  await page.getByRole('heading', { name: 'What this computer can run' }).waitFor();
  const tabTo = async (name: RegExp) => {
    for (let step = 0; step < 20; step += 1) {
      await page.keyboard.press('Tab');
      const text = await page.evaluate(
        () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '',
      );
      if (name.test(text)) return;
    }
    throw new Error(`Tab does not reach ${name}`);
  };
  await tabTo(/^Fetch the engine/);
  await page.keyboard.press('Enter');
  await page.getByRole('radio', { name: 'Balanced' }).waitFor();
  await tabTo(/^Balanced/);
  await page.keyboard.press('ArrowUp');
  await page.getByRole('radio', { name: 'Quick' }).and(page.locator('[data-checked]')).waitFor();
  await tabTo(/^Download/);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Ready to answer' }).waitFor();
  await tabTo(/^Try it/);
  await page.keyboard.press('Enter');
  await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('chat-box');
});
