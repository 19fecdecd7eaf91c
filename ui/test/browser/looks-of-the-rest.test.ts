// Every other place, and what there is where something is missing.
import { key, look, openModel, type View } from './looks';

const views: View[] = [
  { name: 'empty', scenario: 'empty', ready: 'h2' },
  { name: 'no-engine', scenario: 'noEngine', go: page => openModel(page, 'gemma-3-27b') },
  { name: 'no-engine-settings', scenario: 'noEngine', go: key('Control+6') },
  { name: 'port-taken', scenario: 'portTaken', go: key('Control+3') },
  { name: 'settings', scenario: 'ready', go: key('Control+6') },
  {
    name: 'settings-end',
    scenario: 'ready',
    go: async page => {
      await page.keyboard.press('Control+6');
      await page.getByText('Data folder', { exact: true }).scrollIntoViewIfNeeded();
    },
  },
  { name: 'list-failed', scenario: 'listFailed' },
  { name: 'waiting', scenario: 'slow', ready: '[role="status"] .mantine-Skeleton-root' },
  { name: 'take-over', scenario: 'takeover', ready: '[role="dialog"]' },
  { name: 'start-failed', scenario: 'startFailed', ready: '[role="alert"]' },
  {
    name: 'running-menu',
    scenario: 'two',
    go: async page => {
      await page.getByRole('button', { name: /Show running models/ }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
];

look(views);
