// The first steps, and what lies over every place: commands, a report.
import type { Page } from 'playwright-core';
import { key, look, type View } from './looks';

const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();

const views: View[] = [
  { name: 'first-run-machine', scenario: 'firstRun', ready: 'h1' },
  {
    name: 'first-run-model',
    scenario: 'firstRun',
    ready: 'h1',
    go: async page => {
      await press('Fetch the engine')(page);
      await page.getByRole('radio').first().waitFor();
    },
  },
  {
    name: 'first-run-done',
    scenario: 'firstRun',
    ready: 'h1',
    go: async page => {
      await press('Fetch the engine')(page);
      await page.getByRole('radio').first().waitFor();
      await press(/^Download/)(page);
      await page.getByRole('heading', { name: 'Ready to answer' }).waitFor();
    },
  },
  {
    name: 'first-run-offline',
    scenario: 'firstRunOffline',
    ready: 'h1',
    go: async page => {
      await press('Continue')(page);
      await page.getByText('could not be asked').waitFor();
    },
  },
  {
    name: 'palette',
    scenario: 'ready',
    go: async page => {
      await key('Control+K')(page);
      await page.getByPlaceholder('Type a command, a place or a model').waitFor();
    },
  },
  {
    name: 'report',
    scenario: 'ready',
    go: async page => {
      await key('Control+6')(page);
      await press('Report a problem…')(page);
      await page.getByRole('dialog').locator('pre').waitFor();
    },
  },
  {
    name: 'log-searched',
    scenario: 'ready',
    go: async page => {
      await page.getByRole('tab', { name: 'Log' }).click();
      await page.getByLabel('Search the log').fill('load');
      await page.locator('mark').first().waitFor();
    },
  },
];

look(views);
