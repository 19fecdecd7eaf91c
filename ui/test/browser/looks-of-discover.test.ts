// The Discover page: results, a repository, and every way in which there is nothing to show.
import type { Page } from 'playwright-core';
import { look, type View } from './looks';

const discover = async (page: Page) => {
  await page.keyboard.press('Control+2');
  await page.getByLabel('Search the hub').waitFor();
};
const repo = (name: string) => async (page: Page) => {
  await discover(page);
  await page.locator(`[data-row][title$="/${name}"]`).first().click();
  await page.getByRole('heading', { name, level: 2 }).waitFor();
};

const views: View[] = [
  { name: 'discover', scenario: 'ready', go: discover },
  { name: 'discover-repo', scenario: 'ready', go: repo('Qwen_Qwen3-8B-GGUF') },
  { name: 'discover-gated', scenario: 'noToken', go: repo('gemma-3-12b-it-qat-q4_0-gguf') },
  { name: 'discover-large', scenario: 'ready', go: repo('Llama-3.3-70B-Instruct-GGUF') },
  {
    name: 'discover-long',
    scenario: 'ready',
    go: repo('Mistral-Small-3.2-24B-Instruct-2506-abliterated-imatrix-merged-v2-GGUF'),
  },
  { name: 'discover-no-files', scenario: 'ready', go: repo('Qwen3-8B') },
  { name: 'discover-downloading', scenario: 'downloading', go: repo('Qwen_Qwen3-8B-GGUF') },
  { name: 'discover-offline', scenario: 'hubOffline', go: discover },
  { name: 'discover-limited', scenario: 'hubLimited', go: discover },
  { name: 'discover-refused', scenario: 'hubRefused', go: discover },
  {
    name: 'discover-nothing',
    scenario: 'ready',
    go: async page => {
      await discover(page);
      await page.getByLabel('Search the hub').fill('nothing like it');
      await page.getByText('Nothing found').waitFor();
    },
  },
  {
    name: 'discover-not-found',
    scenario: 'ready',
    go: async page => {
      await discover(page);
      await page.getByLabel('Search the hub').fill('nobody/nothing-GGUF');
      await page.keyboard.press('Enter');
      await page.getByText('There is no such model').waitFor();
    },
  },
  {
    name: 'discover-filters',
    scenario: 'ready',
    go: async page => {
      await discover(page);
      await page.getByRole('button', { name: 'Runs on this machine' }).click();
      await page.getByRole('button', { name: 'Author' }).click();
      await page.getByPlaceholder('Name of a person').fill('bartowski');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Clear bartowski' }).waitFor();
    },
  },
  { name: 'discover-waiting', scenario: 'hubSlow', go: discover },
];

look(views);
