// The engine's own options, the engine of a model, and the switches below the engines.
import type { Page } from 'playwright-core';
import { look, openModel, type View } from './looks';

const search = (page: Page) => page.getByLabel('Search options');

async function options(page: Page) {
  await openModel(page, 'gemma-3-270m');
  await page.getByRole('button', { name: /^All engine options/ }).click();
  await search(page).waitFor();
}

async function setSome(page: Page) {
  await options(page);
  await search(page).fill('cache-reuse');
  await page.getByLabel('--cache-reuse', { exact: true }).fill('256');
  await search(page).fill('--perf');
  await page.locator('[data-field="--perf"]').getByText('Off').click();
  await search(page).fill('layer-range');
  await page.getByLabel('--control-vector-layer-range', { exact: true }).fill('5');
  await page.getByText('takes 2 values').waitFor();
}

const views: View[] = [
  {
    name: 'options',
    scenario: 'stopped',
    go: async page => {
      await options(page);
      await search(page).evaluate(element => element.scrollIntoView({ block: 'start' }));
    },
  },
  {
    name: 'options-search',
    scenario: 'ready',
    go: async page => {
      await options(page);
      await search(page).fill('cache');
      await page.getByLabel('--cache-reuse', { exact: true }).fill('256');
      await page.getByLabel('--cache-reuse', { exact: true }).focus();
      await page.locator('[data-field="--cache-reuse"]').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'options-folded',
    scenario: 'ready',
    go: async page => {
      await setSome(page);
      await page.getByRole('button', { name: /^All engine options/ }).click();
    },
  },
  {
    name: 'engine-of-model',
    scenario: 'stopped',
    go: async page => {
      await openModel(page, 'gemma-3-270m');
      await page.getByRole('button', { name: /^Advanced/ }).click();
      await page.locator('[data-field="engine"] input').first().click();
      await page.getByRole('option', { name: 'b11212-vulkan' }).click();
    },
  },
  {
    name: 'engines-updates',
    scenario: 'ready',
    go: async page => {
      await page.keyboard.press('Control+4');
      await page.getByText('Fetch an engine when there is none').scrollIntoViewIfNeeded();
    },
  },
];

look(views);
