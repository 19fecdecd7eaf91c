// The drawer of downloads in every state, the sum in the navigation, and the hub's part of the settings.
import type { Page } from 'playwright-core';
import { look, type View } from './looks';

const drawer = async (page: Page) => {
  await page.keyboard.press('Control+J');
  await page.getByRole('dialog', { name: 'Downloads' }).waitFor();
};

const views: View[] = [
  { name: 'downloads', scenario: 'downloading', go: drawer },
  { name: 'downloads-many', scenario: 'manyDownloads', go: drawer },
  {
    name: 'downloads-end',
    scenario: 'manyDownloads',
    go: async page => {
      await drawer(page);
      await page.getByText('Finished', { exact: true }).scrollIntoViewIfNeeded();
    },
  },
  { name: 'downloads-interrupted', scenario: 'interrupted', go: drawer },
  { name: 'downloads-none', scenario: 'ready', go: drawer },
  {
    name: 'downloads-cancel',
    scenario: 'downloading',
    go: async page => {
      await drawer(page);
      await page.getByRole('button', { name: 'Cancel bartowski/Qwen_Qwen3-8B-GGUF:Q4_K_M' }).click();
      await page.getByRole('dialog', { name: /^Cancel bartowski.Qwen/ }).waitFor();
    },
  },
  { name: 'downloads-nav', scenario: 'manyDownloads' },
  {
    name: 'settings-hub',
    scenario: 'ready',
    go: async page => {
      await page.keyboard.press('Control+6');
      await page.getByText('Connections per file').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'settings-hub-token',
    scenario: 'noToken',
    go: async page => {
      await page.keyboard.press('Control+6');
      await page.getByRole('button', { name: 'Set a token…' }).click();
      await page.getByLabel('Access token').fill('hf_secret');
    },
  },
];

look(views);
