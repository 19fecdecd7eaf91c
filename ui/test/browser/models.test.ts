// What somebody does on the Models page, with mouse and keyboard, until it is done or has failed with a word.
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { openPage, SMALL, withBrowser } from './page';

withBrowser();

const bar = (page: Page) => page.locator('header').first();
const pane = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
const card = (page: Page) => page.getByRole('region', { name: 'Status of this model' });
const row = (page: Page, name: string) => page.locator('li').filter({ hasText: name });
const calls = (page: Page) => page.evaluate(() => window.paddockFakeBackEnd?.calls ?? []);
const focused = (page: Page) =>
  page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent);

describe('loading', () => {
  test('from the list to ready, told in words and aloud', async () => {
    const page = await openPage('stopped');
    await row(page, 'qwen3-8b').getByRole('button', { name: 'Load qwen3-8b' }).click();
    await bar(page).getByText('Loading').waitFor();
    await page.getByRole('button', { name: 'Cancel loading qwen3-8b' }).first().waitFor();
    await bar(page).getByText('Ready').waitFor();
    await card(page).getByText('52001').waitFor();
    await page.getByText('qwen3-8b is ready.').waitFor({ state: 'attached' });
    await bar(page).getByRole('button', { name: 'Copy endpoint' }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('http://127.0.0.1:8421/v1');
  });

  test('can be cancelled, which is no failure', async () => {
    const page = await openPage('longLoad');
    await row(page, 'qwen3-8b').getByRole('button', { name: 'Load qwen3-8b' }).click();
    await bar(page).getByRole('button', { name: 'Cancel loading qwen3-8b' }).click();
    await bar(page).getByText('Nothing loaded').waitFor();
    await card(page).getByText('Stopped').waitFor();
    expect(await page.getByText('Failed').count()).toBe(0);
  });

  test('what was refused before a start says why, and offers what helps', async () => {
    const page = await openPage('refused');
    await row(page, 'qwen3-8b').getByRole('button', { name: 'Load qwen3-8b' }).click();
    await card(page)
      .getByText('Could not load qwen3-8b: there is no engine at /media/ada/tools/llama-server.')
      .waitFor();
    expect(await card(page).textContent()).not.toContain('paddock engine');
    await card(page).getByRole('button', { name: 'Choose an engine' }).click();
    await page.getByRole('button', { name: 'Use llama-server' }).click();
    await page.getByRole('navigation').getByText('llama-server').waitFor();
    await page.keyboard.press('Control+1');
    await bar(page).getByRole('button', { name: 'Dismiss' }).click();
    await bar(page).getByText('Nothing loaded').waitFor();
  });

  test('a failed run leads to the field that helps, and can be put away', async () => {
    const page = await openPage('failed');
    await bar(page).getByText('Could not load qwen3-8b: not enough memory.').waitFor();
    await card(page).getByText('failed to allocate buffer for kv cache').waitFor();
    await page.keyboard.press('Control+3');
    await bar(page).getByRole('button', { name: 'Change parameters' }).click();
    await expect
      .poll(() =>
        page.evaluate(() => document.activeElement?.closest('[data-field]')?.getAttribute('data-field')),
      )
      .toBe('ctxSize');
    await card(page).getByRole('button', { name: 'Dismiss' }).click();
    await bar(page).getByText('Nothing loaded').waitFor();
  });

  test('a model that is away or broken cannot be loaded, and says why', async () => {
    const page = await openPage('broken');
    await row(page, 'phi-4').getByText('Missing').waitFor();
    await page.locator('li').filter({ hasText: 'smollm3' }).locator('[data-row]').click();
    await page
      .getByText('The file ends before its tensors do: 1.1 GB are there, 3.3 GB are expected.')
      .waitFor();
    await pane(page, 'smollm3-3b').getByRole('button', { name: 'Load', exact: true }).click({ force: true });
    expect(await calls(page)).not.toContain('loadModel');
  });
});

describe('parameters', () => {
  test('are saved as they are made, and the command line follows', async () => {
    const page = await openPage('stopped');
    await page.locator('li').filter({ hasText: 'qwen3-8b' }).locator('[data-row]').click();
    const field = page.locator('[data-field="ctxSize"]');
    await field.getByText('fitted').waitFor();
    await page.getByLabel('Context size', { exact: true }).fill('4096');
    await page.getByText('--ctx-size 4096').waitFor();
    await field.getByText('saved').waitFor();
    await page.getByText('Saved', { exact: true }).waitFor();
    await row(page, 'qwen3-8b').getByRole('img', { name: 'Has parameters of its own' }).waitFor();
    // Another model and back: it is still there.
    await page.locator('li').filter({ hasText: 'phi-4' }).locator('[data-row]').click();
    await page.locator('li').filter({ hasText: 'qwen3-8b' }).locator('[data-row]').click();
    await expect.poll(() => page.getByLabel('Context size', { exact: true }).inputValue()).toBe('4,096');
    await page.getByRole('button', { name: 'Reset Context size' }).click();
    await page.getByText('--ctx-size 8192').waitFor();
    expect(await page.getByLabel('Context size', { exact: true }).inputValue()).toBe('');
    await page.getByRole('button', { name: 'Copy command line' }).click();
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    await expect
      .poll(copied)
      .toContain(
        '--model /home/ada/.local/share/dev.paddock.desktop/models/Qwen/qwen3-8b/qwen3-8b-Q5_K_M.gguf',
      );
  });

  test('that cannot be are said while typing, are not saved, and stop a load', async () => {
    const page = await openPage('stopped');
    await page.locator('li').filter({ hasText: 'qwen3-8b' }).locator('[data-row]').click();
    await page.getByRole('button', { name: /^Speed/ }).click();
    const threads = page.getByLabel('CPU threads', { exact: true });
    await threads.fill('600');
    await page.getByText('Enter 1 to 512.').waitFor();
    await page.keyboard.press('Control+L');
    await page.waitForTimeout(600);
    expect(await calls(page)).not.toContain('saveParams');
    expect(await calls(page)).not.toContain('loadModel');
    await threads.fill('12');
    await page.getByText('CPU threads is 12, but this machine has 8 processors. Try 8 or fewer.').waitFor();
    await page.keyboard.press('Control+L');
    await bar(page).getByText('Ready').waitFor();
    expect((await calls(page)).filter(call => call === 'saveParams' || call === 'loadModel')).toEqual([
      'saveParams',
      'loadModel',
    ]);
  });

  test('that exclude each other are named in the words of the form', async () => {
    const page = await openPage('stopped');
    await page.locator('li').filter({ hasText: 'qwen3-8b' }).locator('[data-row]').click();
    await page.getByRole('button', { name: /^Memory Keep/ }).click();
    await page.getByRole('button', { name: /^Speed/ }).click();
    await page.locator('[data-field="flashAttn"]').getByText('Off').click();
    await page.locator('[data-field="cacheTypeV"] input').first().click();
    await page.getByRole('option', { name: 'q8_0' }).click();
    await page
      .getByText('A quantized V cache type needs flash attention. Set flash attention to true')
      .waitFor();
    await page.getByRole('button', { name: 'Load', exact: true }).click({ force: true });
    expect(await calls(page)).not.toContain('loadModel');
  });

  test('changed while it runs apply on reload', async () => {
    const page = await openPage('ready');
    const field = page.locator('[data-field="ctxSize"]');
    await field.getByText('saved').waitFor();
    await page.getByLabel('Context size, slider').press('ArrowRight');
    await page.getByText('Context size applies when the model is reloaded.').waitFor();
    await field.getByText('on reload').waitFor();
    await page.getByRole('button', { name: 'Reload' }).click();
    await bar(page).getByText('Loading').waitFor();
    await bar(page).getByText('Ready').waitFor();
    await page.getByText('applies when the model is reloaded').waitFor({ state: 'detached' });
  });

  test('show their help on focus, and more on demand', async () => {
    const page = await openPage('ready');
    const help = page.getByText('How much text the model can look back on, prompt and answer together.');
    expect(await help.first().isVisible()).toBe(false);
    await page.getByLabel('Context size', { exact: true }).focus();
    await help.first().waitFor();
    await page.getByRole('button', { name: 'More about Context size' }).click();
    await page.getByRole('dialog').getByText('--ctx-size').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  test('an old engine’s gaps are shown with why', async () => {
    const page = await openPage('oldEngine');
    await page.getByText('Not available: this engine has no flag --reasoning-budget').waitFor();
    expect(await page.locator('[data-field="enableThinking"] input').count()).toBe(0);
  });

  test('that cannot be saved are not loaded with in silence', async () => {
    const page = await openPage('cannotSave');
    await page.getByLabel('Context size', { exact: true }).fill('2048');
    await page.getByText('Not saved: settings.json could not be written: no space left on device.').waitFor();
    await page.keyboard.press('Control+L');
    await card(page)
      .getByText(/^Could not load .*: settings\.json could not be written: no space left on device\.$/)
      .waitFor();
    expect(await calls(page)).not.toContain('loadModel');
  });
});

describe('the library', () => {
  test('takes files that are dropped, and says what it does not take', async () => {
    const page = await openPage('ready');
    await row(page, 'gemma-3-270m').waitFor();
    await page.evaluate(() => window.paddockFakeBackEnd?.dragOver());
    await page.getByText('Drop GGUF files or folders to add them').waitFor();
    await page.evaluate(() => window.paddockFakeBackEnd?.drop(['/tmp/granite.gguf']));
    await pane(page, 'granite-4.0-h-tiny').waitFor();
    await page.getByText('1 model added.').waitFor({ state: 'attached' });
    await page.evaluate(() => window.paddockFakeBackEnd?.drop(['/tmp/holiday.jpg']));
    const notices = page.getByRole('region', { name: 'Notices' });
    await notices.getByText('Could not add the models: /tmp/holiday.jpg is not a GGUF file.').waitFor();
    await notices.getByRole('button', { name: 'Dismiss' }).click();
    await notices.getByText('holiday.jpg').waitFor({ state: 'detached' });
  });

  test('takes files that are dropped on any other page', async () => {
    const page = await openPage('ready');
    await row(page, 'gemma-3-270m').waitFor();
    for (const number of [2, 3, 4, 6]) {
      await page.keyboard.press(`Control+${number}`);
      await page.getByRole('main', { name: 'Models' }).waitFor({ state: 'detached' });
      await page.evaluate(() => window.paddockFakeBackEnd?.dragOver());
      await page.getByText('Drop GGUF files or folders to add them').waitFor();
      await page.evaluate(() => window.paddockFakeBackEnd?.drop(['/tmp/granite.gguf']));
      await pane(page, 'granite-4.0-h-tiny').waitFor();
    }
    expect((await calls(page)).filter(call => call === 'importModels')).toHaveLength(4);
  });

  test('a file that was opened with Paddock elsewhere is added and shown, once', async () => {
    const page = await openPage('stopped');
    await row(page, 'gemma-3-270m').waitFor();
    await page.keyboard.press('Control+3');
    await page.evaluate(() => window.paddockFakeBackEnd?.openFiles(['/tmp/granite.gguf']));
    await pane(page, 'granite-4.0-h-tiny').waitFor();
    expect((await calls(page)).filter(call => call === 'importModels')).toHaveLength(1);
  });

  test('empty, it says what to do, and does it', async () => {
    const page = await openPage('empty');
    await page.getByText('No models yet').waitFor();
    await page.getByRole('button', { name: 'Add GGUF files…' }).click();
    await pane(page, 'granite-4.0-h-tiny').waitFor();
  });

  test('asks before a model goes, and names it', async () => {
    const page = await openPage('ready');
    await page.locator('li').filter({ hasText: 'Mistral' }).locator('[data-row]').click();
    const remove = async () => {
      await page.getByRole('button', { name: /^More for Mistral/ }).click();
      await page.getByRole('menuitem', { name: 'Remove…' }).click();
    };
    await remove();
    await page.getByRole('dialog', { name: /^Remove Mistral-Small/ }).waitFor();
    expect(await focused(page)).toBe('Cancel');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await calls(page)).not.toContain('removeModel');
    await remove();
    await page.getByRole('button', { name: 'Remove from list', exact: true }).click();
    await row(page, 'Mistral').waitFor({ state: 'detached' });
  });

  test('moves a file of its own to the trash, once the model is stopped', async () => {
    const page = await openPage('ready');
    const remove = async () => {
      await page.getByRole('button', { name: /^More for gemma-3-270m/ }).click();
      await page.getByRole('menuitem', { name: 'Remove…' }).click();
    };
    await remove();
    const running = page.getByRole('dialog', { name: 'gemma-3-270m is loaded' });
    await running.getByRole('button', { name: 'Stop' }).click();
    const asking = page.getByRole('dialog', { name: 'Remove gemma-3-270m?' });
    await asking.getByText('Its file (253 MB) goes to the trash').waitFor();
    await asking.getByRole('button', { name: 'Move to trash' }).click();
    await row(page, 'gemma-3-270m').waitFor({ state: 'detached' });
  });

  test('without a trash, it asks again before it deletes for good', async () => {
    const page = await openPage('noTrash');
    await page.getByRole('button', { name: /^More for gemma-3-270m/ }).click();
    await page.getByRole('menuitem', { name: 'Remove…' }).click();
    await page.getByRole('button', { name: 'Move to trash' }).click();
    await page.getByRole('dialog', { name: 'There is no trash for this file' }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await row(page, 'gemma-3-270m').waitFor();
  });

  test('offers what other apps hold, and adds what is chosen', async () => {
    const page = await openPage('ready');
    await page.getByRole('button', { name: 'Add models' }).click();
    await page.getByRole('menuitem', { name: 'From other apps…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Models of other apps on this machine' });
    await dialog.getByRole('button', { name: 'Add 3 models' }).waitFor();
    await dialog.getByLabel('gpt-oss:20b').uncheck();
    await dialog.getByRole('button', { name: 'Add 2 models' }).click();
    await pane(page, 'granite-4.0-h-tiny').waitFor();
    expect(await calls(page)).toContain('importFound');
  });

  test('tells all that a file says, and searches it', async () => {
    const page = await openPage('ready');
    await page.getByRole('tab', { name: 'Details' }).click();
    await page.getByText('109 tensors, 62 MB').waitFor();
    await page.getByLabel('Search metadata').fill('rope');
    await page.getByText('gemma3.rope.freq_base').waitFor();
    expect(await page.getByText('general.architecture').count()).toBe(0);
    await page.getByRole('button', { name: 'Look for a newer upload' }).click();
    await page.getByText('There is a newer upload').waitFor();
  });

  test('can be searched and sorted', async () => {
    const page = await openPage('stopped');
    await page.getByLabel('Search models').fill('gemma q4');
    await expect.poll(() => page.locator('[data-row]').count()).toBe(2);
    await page.getByLabel('Search models').fill('nothing like it');
    await page.getByText('No model matches').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('[data-row]').count()).toBe(7);
    await page.getByRole('button', { name: 'Sort' }).click();
    await page.getByRole('menuitemradio', { name: 'Size, largest first' }).click();
    await expect.poll(() => page.locator('li').first().textContent()).toContain('Llama-3.3-70B');
  });

  test('that cannot be read says so, and can be asked again', async () => {
    const page = await openPage('listFailed');
    await page.getByText('Could not read the list of models').waitFor();
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await expect.poll(async () => (await calls(page)).filter(call => call === 'listModels').length).toBe(2);
  });
});

describe('keyboard', () => {
  test('tabs, search, list, load and stop', async () => {
    const page = await openPage('stopped');
    await page.locator('[data-row]').first().waitFor();
    for (const [key, name] of [
      ['Control+2', 'Discover'],
      ['Control+3', 'Server'],
      ['Control+4', 'Engines'],
      ['Control+5', 'Chat'],
      ['Control+6', 'Settings'],
      ['Control+1', 'Models'],
    ] as const) {
      await page.keyboard.press(key);
      await page.locator(`nav [aria-current="page"]:has-text("${name}")`).waitFor();
    }
    await page.keyboard.press('Control+F');
    await expect.poll(() => focused(page)).toBe('search-models');
    await page.keyboard.type('qwen');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await pane(page, 'qwen3-8b').waitFor();
    await page.keyboard.press('Control+L');
    await bar(page).getByText('Ready').waitFor();
    await page.keyboard.press('Control+L');
    await bar(page).getByText('Nothing loaded').waitFor();
  });

  test('arrows walk the list', async () => {
    const page = await openPage('stopped');
    await page.locator('[data-row]').first().focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toBe('row:meta/llama-3.3-70b-instruct-q4_k_m');
    await page.keyboard.press('End');
    expect(await focused(page)).toBe('row:microsoft/phi-4-q6_k');
  });

  test('in a small window a model is a page, and Escape goes back to its row', async () => {
    const page = await openPage('ready', { viewport: SMALL });
    await page.locator('li').filter({ hasText: 'qwen3-8b' }).locator('[data-row]').press('Enter');
    await expect.poll(() => focused(page)).toBe('back-to-models');
    expect(await page.locator('[data-row]').count()).toBe(0);
    await page.getByRole('button', { name: /^More for/ }).click();
    await page.getByRole('menuitem').first().waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('menuitem').first().waitFor({ state: 'detached' });
    await pane(page, 'qwen3-8b').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => focused(page)).toBe('row:qwen/qwen3-8b-q5_k_m');
  });

  test('Tab goes in reading order, and where it is can be seen', async () => {
    const page = await openPage('ready');
    await page.locator('[data-field]').first().waitFor();
    const stops: string[] = [];
    for (let step = 0; step < 40; step += 1) {
      await page.keyboard.press('Tab');
      const stop = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        // A row shows the ring on the whole row, a radio on its label.
        const seen = [element, element.nextElementSibling].some(
          one => one && getComputedStyle(one).outlineStyle !== 'none',
        );
        const row = getComputedStyle(element, '::after').outlineStyle !== 'none';
        const input = element.tagName === 'INPUT' && getComputedStyle(element).borderColor;
        const part = element.closest('header, nav, main section')?.tagName ?? '';
        return { part, seen: seen || row || Boolean(input), name: element.outerHTML.slice(0, 120) };
      });
      expect(stop.seen, `focus is visible on ${stop.name}`).toBe(true);
      if (stops.at(-1) !== stop.part) stops.push(stop.part);
    }
    expect(stops.slice(0, 3)).toEqual(['HEADER', 'NAV', 'SECTION']);
  });
});
