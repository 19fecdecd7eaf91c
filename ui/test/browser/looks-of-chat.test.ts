// How the chat looks.
import type { Page } from 'playwright-core';
import { look, type View } from './looks';

async function chat(page: Page) {
  await page.keyboard.press('Control+5');
  await page.getByRole('main', { name: 'Chat' }).waitFor();
  await page.getByLabel('Message', { exact: true }).waitFor();
}

const open = (title: RegExp, words: string) => async (page: Page) => {
  await chat(page);
  await page.getByRole('button', { name: title }).click();
  await page.getByText(words).first().waitFor();
  await page.waitForTimeout(200);
};

const views: View[] = [
  { name: 'chat-empty', scenario: 'ready', go: chat },
  {
    name: 'chat-no-model',
    scenario: 'empty',
    go: async page => {
      await page.keyboard.press('Control+5');
      await page.getByText('There is no model to talk to').waitFor();
    },
  },
  { name: 'chat-rich', scenario: 'chats', go: open(/^What is a bloom filter/, 'counting') },
  {
    name: 'chat-rich-top',
    scenario: 'chats',
    go: async page => {
      await open(/^What is a bloom filter/, 'counting')(page);
      await page.getByText('Thoughts').click();
      await page.getByText('Thoughts').scrollIntoViewIfNeeded();
    },
  },
  { name: 'chat-broken', scenario: 'chats', go: open(/^A poem/, 'broke off') },
  { name: 'chat-stopped', scenario: 'chats', go: open(/^Names/, 'Petrel') },
  {
    name: 'chat-settings',
    scenario: 'chats',
    go: async page => {
      await open(/^Names/, 'Petrel')(page);
      await page.getByRole('button', { name: 'Chat settings' }).click();
      await page.getByLabel('System prompt').fill('Answer in one word.');
    },
  },
  {
    name: 'chat-answering',
    scenario: 'vision',
    go: async page => {
      await chat(page);
      await page.locator('input[type="file"]').setInputFiles('../icons/128x128.png');
      await page.getByRole('img', { name: 'Image 1' }).waitFor();
      await page.getByLabel('Message', { exact: true }).fill('slow: what is this?');
      await page.keyboard.press('Enter');
      await page.getByText('You said').waitFor();
      await page.getByRole('button', { name: 'Stop', exact: true }).waitFor();
      await page.getByLabel('Message', { exact: true }).press('Escape');
      await page.locator('input[type="file"]').setInputFiles('../icons/128x128.png');
      await page.getByRole('img', { name: 'Image 1' }).nth(1).waitFor();
    },
  },
  {
    name: 'chat-list',
    scenario: 'chats',
    go: async page => {
      await page.setViewportSize({ width: 800, height: 560 });
      await chat(page);
      await page.getByRole('button', { name: 'Show chats' }).click();
      await page.getByRole('button', { name: /^A poem/ }).waitFor();
      // What the pointer was on is gone.
      await page.mouse.move(400, 540);
    },
  },
  {
    name: 'chat-remove',
    scenario: 'chats',
    go: async page => {
      await chat(page);
      await page.getByRole('button', { name: 'More for Names for a boat' }).click();
      await page.getByRole('menuitem', { name: 'Delete…' }).click();
      await page.getByText('Delete Names for a boat?').waitFor();
    },
  },
];

look(views);
