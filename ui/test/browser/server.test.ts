// The Server page: connecting, keys, who is let in, what comes and goes by itself.
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { openModel } from './looks';
import { openPage, withBrowser } from './page';

withBrowser();

const calls = (page: Page) => page.evaluate(() => window.paddockFakeBackEnd?.calls ?? []);
const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText());
const bar = (page: Page) => page.locator('header').first();
const region = (page: Page, name: string) => page.getByRole('region', { name });

async function openServer(scenario: Parameters<typeof openPage>[0]) {
  const page = await openPage(scenario);
  await page.keyboard.press('Control+3');
  await page.getByLabel('Port', { exact: true }).waitFor();
  return page;
}

describe('connecting', () => {
  test('snippets name the endpoint and the model', async () => {
    const page = await openServer('two');
    for (const [tab, words] of [
      ['curl', 'curl http://127.0.0.1:8421/v1/chat/completions'],
      ['Python', 'base_url="http://127.0.0.1:8421/v1"'],
      ['JavaScript', 'baseURL: "http://127.0.0.1:8421/v1"'],
    ] as const) {
      await page.getByRole('tab', { name: tab }).click();
      await page.getByRole('button', { name: `Copy ${tab}` }).click();
      expect(await clipboard(page)).toContain(words);
      expect(await clipboard(page)).toContain('qwen/qwen3-8b-q5_k_m');
    }
    await page.getByText('No key is needed.').waitFor();
  });

  test('an editor’s settings, with the key that is needed', async () => {
    const page = await openServer('busy');
    await page.getByRole('tab', { name: 'Editors and apps' }).click();
    await page.getByText('~/.continue/config.yaml').waitFor();
    await page.getByRole('combobox', { name: 'Editor or app' }).click();
    await page.getByRole('option', { name: 'Aider' }).click();
    await page.getByRole('button', { name: 'Copy Aider' }).click();
    expect(await clipboard(page)).toBe(
      'export OPENAI_API_BASE=http://127.0.0.1:8421/v1\nexport OPENAI_API_KEY=pk-your-key\naider --model openai/qwen/qwen3-8b-q5_k_m',
    );
    await page.getByText('Put one of your keys where it says pk-your-key.').waitFor();
  });

  test('another port moves the endpoint; a wrong or taken one says so', async () => {
    const page = await openServer('ready');
    const port = page.getByLabel('Port', { exact: true });
    await port.fill('80');
    await page.getByText('Enter a port from 1,024 to 65,535.').waitFor();
    await port.fill('9000');
    await page.getByRole('button', { name: 'Use this port' }).click();
    await bar(page).getByText('http://127.0.0.1:9000/v1').waitFor();

    const other = await openPage('portTaken');
    await bar(other).getByRole('button', { name: 'Endpoint is down' }).click();
    await other.getByText('Port 8421 is taken by another program.').waitFor();
    const taken = other.getByLabel('Port', { exact: true });
    await taken.fill('8422');
    await taken.press('Enter');
    await other.getByText('Port 8422 is taken by another program.').waitFor();
  });
});

describe('running models', () => {
  test('what each is asked, how long it stays, and that it was restarted', async () => {
    const page = await openServer('busy');
    const row = (name: string) =>
      region(page, 'Running models').getByRole('listitem').filter({ hasText: name });
    await row('qwen3-8b').getByText('3 requests · 2 waiting · 41.7 tokens/s').waitFor();
    await row('gemma-3-270m').getByText('idle for 7 min · ends in 52 min').waitFor();
    await row('gemma-3-270m')
      .getByText(/Restarted 10 min ago, 2 times in all: the engine ended/)
      .waitFor();
    await row('gemma-3-270m').getByText('571 MB of 602 MB expected').waitFor();
    await page.getByLabel('Keep gemma-3-270m loaded').press('Space');
    await row('gemma-3-270m').getByText('ends in 52 min').waitFor({ state: 'detached' });
    expect(await calls(page)).toContain('setModelPolicy');
  });

  test('stops one of two', async () => {
    const page = await openServer('two');
    await page.getByRole('main').getByRole('button', { name: 'Stop qwen3-8b' }).click();
    await page.getByText('qwen3-8b has stopped.').waitFor({ state: 'attached' });
    await bar(page).getByText('gemma-3-270m').waitFor();
  });

  test('traffic moves the figures', async () => {
    const page = await openServer('ready');
    const activity = region(page, 'Activity');
    await activity.getByText('0 in progress').waitFor();
    await page.evaluate(() => window.paddockFakeBackEnd?.host.serving.setLevel(4, 38.2));
    await activity.getByText('4 in progress').waitFor();
    await activity.getByRole('img', { name: 'Tokens per second: now 38.2, at most 38.2' }).waitFor();
    await page.evaluate(() => window.paddockFakeBackEnd?.host.serving.setLevel(0, 0));
    await activity.getByRole('img', { name: 'Tokens per second: now 0, at most 38.2' }).waitFor();
  });
});

describe('keys', () => {
  test('a key is shown once, can be copied, and is taken back after one question', async () => {
    const page = await openServer('ready');
    const keys = region(page, 'API keys');
    await keys.getByText('No key is set').waitFor();
    await keys.getByRole('button', { name: 'Add a key…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('every request needs a key').waitFor();
    await dialog.getByLabel('Name').fill('laptop');
    await dialog.getByLabel('May manage').click();
    await dialog.getByLabel('Name').press('Enter');
    await dialog.getByText('Copy it now.').waitFor();
    // Neither Escape nor a click beside it throws it away.
    await page.keyboard.press('Escape');
    await page.mouse.click(5, 500);
    await dialog.getByRole('button', { name: 'Copy key' }).click();
    expect(await clipboard(page)).toMatch(/^pk-[\w-]{43}$/);
    await dialog.getByRole('button', { name: 'I have copied it' }).click();
    await keys.getByText('may manage').waitFor();
    expect(await page.content()).not.toContain(await clipboard(page));

    await keys.getByRole('button', { name: 'Add a key…' }).click();
    await dialog.getByLabel('Name').fill('laptop');
    await dialog.getByRole('button', { name: 'Make key' }).click();
    await dialog.getByText('There is an API key named "laptop" already.').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();

    await keys.getByRole('button', { name: 'Remove laptop' }).click();
    await dialog.getByText('any text will do as a key again').waitFor();
    await dialog.getByRole('button', { name: 'Remove key' }).click();
    await keys.getByText('No key is set').waitFor();
  });

  test('other computers are let in with a key only, which is made in the same step', async () => {
    const page = await openServer('ready');
    const lan = page.getByLabel('Let other computers use the endpoint');
    await lan.press('Space');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('A key is needed first').waitFor();
    await dialog.getByLabel('Name').fill('phone');
    await dialog.getByRole('button', { name: 'Make key and open' }).click();
    await dialog.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByText('http://192.168.1.24:8421/v1').waitFor();
    await page.getByText('Other computers can reach it.').waitFor();
    expect(await lan.isChecked()).toBe(true);
    // This computer's own address stays what it was.
    await bar(page).getByText('http://127.0.0.1:8421/v1').waitFor();

    await page.getByRole('button', { name: 'Remove phone' }).click();
    await dialog.getByText('other computers will not be let in any more').waitFor();
    await dialog.getByRole('button', { name: 'Remove key' }).click();
    // The page says who really can, and not what the switch is set to.
    await page.getByText('Only this machine can reach the endpoint').waitFor();
    await page.getByText('Only programs on this computer can reach it.').waitFor();
    expect(await page.getByText('Other computers can reach it.').count()).toBe(0);
    expect(await page.getByText('http://192.168.1.24:8421/v1').count()).toBe(0);
    expect(await lan.isChecked()).toBe(true);
  });
});

describe('access', () => {
  test('what was refused can be allowed', async () => {
    const page = await openServer('busy');
    const access = region(page, 'Access');
    await access.getByText('Unknown name: 14 requests, last now').waitFor();
    await access.getByRole('button', { name: 'Allow host.docker.internal' }).click();
    await access.getByText('14 requests').waitFor({ state: 'detached' });
    await access.getByRole('button', { name: 'Remove host.docker.internal' }).click();
    await access.getByRole('button', { name: 'Remove host.docker.internal' }).waitFor({ state: 'detached' });
    // Nobody is let in for having tried without a key.
    await access.getByText('Without a valid key').waitFor();
    expect(await access.getByRole('button', { name: /^Allow/ }).count()).toBe(1);
  });

  test('names and pages are checked before they are kept', async () => {
    const page = await openServer('ready');
    const pages = page.getByLabel('Allowed web pages', { exact: true });
    await pages.fill('https://*');
    await pages.fill('example.org');
    await pages.press('Enter');
    await page.getByText('Enter an origin such as').waitFor();
    await pages.fill('https://chat.example.org/');
    await pages.press('Enter');
    await page.getByRole('button', { name: 'Remove https://chat.example.org' }).waitFor();
  });
});

describe('loading and room', () => {
  test('limits are kept when the field is left', async () => {
    const page = await openServer('ready');
    const most = page.getByLabel('Models at once');
    await most.fill('0');
    await page.getByText('Enter a whole number from 1 to 64').waitFor();
    await most.fill('2');
    await most.press('Tab');
    await page.getByLabel('Memory for models').fill('12.5');
    await page.getByLabel('Memory for models').press('Enter');
    await page.getByLabel('End when idle').click();
    await page.getByRole('option', { name: 'after 15 minutes' }).click();
    await page.getByLabel('Load on demand').press('Space');
    await page.keyboard.press('Control+1');
    await page.keyboard.press('Control+3');
    expect(await most.inputValue()).toBe('2');
    expect(await page.getByLabel('Memory for models').inputValue()).toBe('12.5');
    expect(await page.getByLabel('End when idle').inputValue()).toBe('after 15 minutes');
    expect(await page.getByLabel('Load on demand').isChecked()).toBe(false);
  });
});

describe('a model’s stay', () => {
  test('kept, ended, loaded at start, and called by other names', async () => {
    const page = await openPage('ready');
    await openModel(page, 'gemma-3-270m');
    await page.getByRole('button', { name: /Staying loaded/ }).click();
    const stay = region(page, 'Staying loaded');
    await stay.getByLabel('End when idle').click();
    await page.getByRole('option', { name: 'after 5 minutes' }).click();
    await stay.getByLabel('Load at start').press('Space');
    await stay.getByLabel('Other names').fill('two words');
    await stay.getByText('Use letters, digits').waitFor();
    await stay.getByLabel('Other names').fill('Default');
    await stay.getByLabel('Other names').press('Enter');
    await stay.getByRole('button', { name: 'Remove the name default' }).waitFor();
    await stay.getByRole('button', { name: 'Remove the name small' }).click();
    await page.getByRole('button', { name: /Staying loaded/ }).click();
    await page.getByText('end when idle after 5 minutes, load at start, also called default').waitFor();
  });

  test('the same file a second time, with parameters of its own', async () => {
    const page = await openPage('ready');
    await openModel(page, 'gemma-3-270m');
    await page.getByRole('button', { name: /Staying loaded/ }).click();
    await page.getByRole('button', { name: 'Add it again under another name…' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('embedder');
    await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('heading', { name: 'embedder' }).waitFor();
    await page.getByText('The same file as google/gemma-3-270m-q4_k_m').waitFor();
  });
});
