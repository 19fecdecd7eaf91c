// The Engines page: what is here, what could be, and an installation in every step.
import type { Page } from 'playwright-core';
import { key, look, type View } from './looks';

const engines = async (page: Page) => {
  await page.keyboard.press('Control+4');
  await page.getByRole('heading', { name: 'Available' }).waitFor();
};
const toAvailable = async (page: Page) => {
  await engines(page);
  await page.getByRole('heading', { name: 'Available' }).scrollIntoViewIfNeeded();
  await page.getByRole('article', { name: 'SYCL' }).scrollIntoViewIfNeeded();
};

const views: View[] = [
  { name: 'engines', scenario: 'ready', go: engines },
  { name: 'engines-available', scenario: 'ready', go: toAvailable },
  { name: 'engines-none', scenario: 'noEngineAlone', go: engines },
  { name: 'engines-first', scenario: 'loadsEngine', go: engines },
  { name: 'engines-fetching', scenario: 'installFetching', go: toAvailable },
  { name: 'engines-proving', scenario: 'installProving', go: toAvailable },
  {
    name: 'engines-failed',
    scenario: 'installFailed',
    go: async page => {
      await engines(page);
      await page.getByText('Could not install b11512').scrollIntoViewIfNeeded();
    },
  },
  { name: 'engines-offline', scenario: 'releasesOffline', go: toAvailable },
  {
    name: 'engines-unknown',
    scenario: 'nothingKnown',
    go: async page => {
      await engines(page);
      await page.getByText('Nobody could be asked').scrollIntoViewIfNeeded();
    },
  },
  { name: 'engines-mute', scenario: 'engineMute', go: engines },
  {
    name: 'engines-remove',
    scenario: 'ready',
    go: async page => {
      await engines(page);
      await page.getByRole('button', { name: 'More for b11212-vulkan' }).click();
      await page.getByRole('menuitem', { name: 'Remove…' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  { name: 'engine-for-model', scenario: 'engineForModel', go: key('Control+1') },
  { name: 'rolled-back', scenario: 'rolledBack', go: key('Control+4') },
];

look(views);
