// The Server page: idle, busy, open to others, and its dialogs.
import type { Page } from 'playwright-core';
import { key, look, openModel, type View } from './looks';

const server = key('Control+3');

/** Brings a section to the top of the page. */
const at = (section: string) => async (page: Page) => {
  await server(page);
  await page.locator(`#server-${section}`).evaluate(element => element.scrollIntoView({ block: 'start' }));
};

/** Some minutes of traffic, so that the charts have lines. */
async function busy(page: Page) {
  await page.evaluate(() => {
    const { host } = window.paddockFakeBackEnd ?? {};
    const levels = [0, 2, 5, 5, 3, 1, 0, 0, 1, 4, 6, 5];
    const now = Date.now.bind(Date);
    for (const [step, level] of levels.entries()) {
      Date.now = () => now() + step * 15_000;
      host?.serving.setLevel(level, level * 9.3);
    }
  });
  await server(page);
}

const views: View[] = [
  { name: 'server', scenario: 'two', go: server },
  { name: 'server-busy', scenario: 'busy', go: busy },
  { name: 'server-open', scenario: 'open', go: server },
  { name: 'server-none', scenario: 'stopped', go: server },
  { name: 'port-taken', scenario: 'portTaken', go: server },
  { name: 'server-keys', scenario: 'busy', go: at('keys') },
  { name: 'server-access', scenario: 'busy', go: at('access') },
  { name: 'server-access-set', scenario: 'open', go: at('access') },
  { name: 'server-loading', scenario: 'busy', go: at('loading') },
  {
    name: 'server-editor',
    scenario: 'busy',
    go: async page => {
      await server(page);
      await page.getByRole('tab', { name: 'Editors and apps' }).click();
      await page.getByText('config.yaml').scrollIntoViewIfNeeded();
    },
  },
  {
    name: 'key-first',
    scenario: 'ready',
    go: async page => {
      await server(page);
      await page.getByLabel('Let other computers use the endpoint').click();
      await page.getByText('A key is needed first').waitFor();
    },
  },
  {
    name: 'key-shown',
    scenario: 'busy',
    go: async page => {
      await server(page);
      await page.getByRole('button', { name: 'Add a key…' }).click();
      await page.getByRole('dialog').getByLabel('Name').fill('phone');
      await page.getByRole('button', { name: 'Make key' }).click();
      await page.getByRole('button', { name: 'Copy key' }).waitFor();
    },
  },
  {
    name: 'key-remove',
    scenario: 'open',
    go: async page => {
      await server(page);
      await page.getByRole('button', { name: 'Remove laptop' }).click();
      await page.getByText('Remove the key laptop?').waitFor();
    },
  },
  {
    name: 'model-stay',
    scenario: 'busy',
    go: async page => {
      await openModel(page, 'gemma-3-270m');
      await page.getByRole('button', { name: /Staying loaded/ }).click();
      await page.getByLabel('Other names').scrollIntoViewIfNeeded();
    },
  },
];

look(views);
