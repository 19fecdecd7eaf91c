// Other apps' models, removing, folders, all that a file says.
import type { Page } from 'playwright-core';
import { look, openModel, type View } from './looks';

async function remove(page: Page, name: string) {
  await openModel(page, name);
  await page.getByRole('button', { name: new RegExp(`^More for ${name}`) }).click();
  await page.getByRole('menuitem', { name: 'Remove…' }).click();
  await page.getByRole('dialog').waitFor();
}

async function details(page: Page, name: string) {
  await openModel(page, name);
  await page.getByRole('tab', { name: 'Details' }).click();
}

const views: View[] = [
  {
    name: 'found',
    scenario: 'stopped',
    go: async page => {
      await page.getByRole('button', { name: 'Add models' }).click();
      await page.getByRole('menuitem', { name: 'From other apps…' }).click();
      await page.getByText('gpt-oss:20b').waitFor();
    },
  },
  { name: 'remove-own', scenario: 'stopped', go: page => remove(page, 'Llama-3.3-70B') },
  { name: 'remove-elsewhere', scenario: 'stopped', go: page => remove(page, 'Mistral') },
  { name: 'remove-running', scenario: 'ready', go: page => remove(page, 'gemma-3-270m') },
  {
    name: 'remove-no-trash',
    scenario: 'noTrash',
    go: async page => {
      await remove(page, 'gemma-3-270m');
      await page.getByRole('button', { name: 'Move to trash' }).click();
      await page.getByText('for good?').waitFor();
    },
  },
  {
    name: 'details-below',
    scenario: 'stopped',
    go: async page => {
      await details(page, 'gemma-3-270m');
      await page.getByLabel('Search metadata').scrollIntoViewIfNeeded();
    },
  },
  { name: 'details-shards', scenario: 'stopped', go: page => details(page, 'Llama-3.3-70B') },
  { name: 'details-missing', scenario: 'stopped', go: page => details(page, 'phi-4') },
  {
    name: 'folders',
    scenario: 'stopped',
    go: async page => {
      await page.keyboard.press('Control+6');
      await page.getByText('187 GB free').first().waitFor();
      await page.getByRole('heading', { name: 'Model folders' }).scrollIntoViewIfNeeded();
    },
  },
];

look(views);
