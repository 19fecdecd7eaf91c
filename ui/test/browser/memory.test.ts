// The memory bar moves with the form; presets are chosen, made and deleted; command lines are pasted.
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { openModel } from './looks';
import { openPage, withBrowser } from './page';

withBrowser();

const memory = (page: Page) => page.getByRole('region', { name: 'Memory it needs' });
const contextOf = (page: Page) => page.getByLabel('Context size', { exact: true });

async function openForm(name: string) {
  const page = await openPage('stopped');
  await openModel(page, name);
  await memory(page).getByText('free:').waitFor();
  return page;
}

describe('memory', () => {
  test('follows the form, says what would make it fit, and sets it', async () => {
    const page = await openForm('qwen3-8b');
    await memory(page).getByText('Fits', { exact: true }).waitFor();
    await contextOf(page).fill('131072');
    await memory(page).getByText('Too big', { exact: true }).waitFor();
    await memory(page).getByRole('button', { name: 'Use: A context of 4,096 would fit.' }).click();
    await expect.poll(() => contextOf(page).inputValue()).toBe('4,096');
    await memory(page).getByText('Fits', { exact: true }).waitFor();
  });

  test('is asked for as the form stands and once that is saved, and not for what was there before', async () => {
    // Each answer plans a whole load.
    const page = await openForm('qwen3-8b');
    const calls = (name: string) =>
      page.evaluate(
        wanted => window.paddockFakeBackEnd?.calls.filter(call => call === wanted).length ?? 0,
        name,
      );
    await page.waitForTimeout(300);
    const before = await calls('estimateMemory');
    await contextOf(page).fill('131072');
    await memory(page).getByText('Too big', { exact: true }).waitFor();
    await expect.poll(() => calls('saveParams')).toBe(1);
    await page.waitForTimeout(500);
    expect((await calls('estimateMemory')) - before).toBe(2);
  });

  test('fits by one button, and says how', async () => {
    const page = await openForm('qwen3-8b');
    await memory(page).getByRole('button', { name: 'Fit to this machine' }).click();
    await memory(page).getByText('A context of 16,384 fits with 1.2 GB to spare.').waitFor();
    expect(await contextOf(page).inputValue()).toBe('16,384');
    await contextOf(page).fill('2048');
    await memory(page).getByText('A context of 16,384 fits').waitFor({ state: 'detached' });
  });

  test('takes back a number of layers that was said, or it would stay what did not fit', async () => {
    const page = await openForm('qwen3-8b');
    const field = page.locator('[data-field="nGpuLayers"]');
    const layers = field.getByRole('textbox');
    await field.getByText('Number').click();
    await layers.fill('99');
    await layers.press('Tab');
    await memory(page).getByRole('button', { name: 'Fit to this machine' }).click();
    await memory(page).getByText('A context of 16,384 fits').waitFor();
    await expect.poll(() => field.getByRole('radio', { name: 'Auto' }).isChecked()).toBe(true);
    await layers.waitFor({ state: 'detached' });
  });

  test('tells its parts to who asks', async () => {
    const page = await openForm('gemma-3-270m');
    await page.keyboard.press('Escape');
    await memory(page)
      .getByRole('button', { name: /^RAM: Weights 253 MB, KV cache/ })
      .press('Enter');
    await page.getByRole('dialog', { name: 'RAM' }).getByText('KV cache').waitFor();
    await page.keyboard.press('Escape');
  });
});

describe('presets', () => {
  test('what is set becomes the defaults for all models, which can be cleared', async () => {
    const page = await openForm('qwen3-8b');
    const more = page.getByRole('button', { name: 'More about these parameters' });
    const clear = page.getByRole('menuitem', { name: 'Clear the defaults for all models' });
    const make = page.getByRole('menuitem', { name: 'Use as defaults for all models' });
    await contextOf(page).fill('3072');
    await more.click();
    await make.waitFor();
    expect(await clear.count()).toBe(0);
    await make.click();
    await make.waitFor({ state: 'detached' });
    await more.click();
    await clear.click();
    await clear.waitFor({ state: 'detached' });
    await more.click();
    await make.waitFor();
    await expect.poll(() => clear.count()).toBe(0);
  });

  test('are chosen, made of what is set, and deleted', async () => {
    const page = await openForm('qwen3-8b');
    await page.getByRole('combobox', { name: 'Preset of this model' }).click();
    await page.getByRole('option', { name: 'Quick answers' }).click();
    await page.locator('[data-field="ctxSize"]').getByText('preset').waitFor();
    expect(await contextOf(page).getAttribute('placeholder')).toBe('2,048');

    await contextOf(page).fill('3072');
    await page.getByRole('button', { name: 'More about these parameters' }).click();
    await page.getByRole('menuitem', { name: 'Save as preset…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('It will be replaced.').waitFor();
    await dialog.getByLabel('Name').fill('Mine');
    await dialog.getByRole('button', { name: 'Save preset' }).click();
    await dialog.waitFor({ state: 'detached' });
    await expect
      .poll(() => page.getByRole('combobox', { name: 'Preset of this model' }).inputValue())
      .toBe('Mine');

    await page.getByRole('button', { name: 'More about these parameters' }).click();
    await page.getByRole('menuitem', { name: 'Delete Mine…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete preset' }).click();
    await expect
      .poll(() => page.getByRole('combobox', { name: 'Preset of this model' }).inputValue())
      .toBe('No preset');
  });
});

describe('from and to elsewhere', () => {
  test('a command line is shown before it is taken over', async () => {
    const page = await openForm('qwen3-8b');
    await page.getByRole('button', { name: 'More about these parameters' }).click();
    await page.getByRole('menuitem', { name: /^Paste/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog
      .getByRole('textbox', { name: 'Command line or JSON' })
      .fill('llama-server -m x.gguf -c 16384 -t 6 --port 8080 --flash');
    await dialog.getByText('Paddock chooses the port').waitFor();
    await dialog.getByText('did you mean --flash-attn?').waitFor();
    await dialog.getByRole('button', { name: 'Apply 2 parameters' }).click();
    expect(await contextOf(page).inputValue()).toBe('16,384');
  });

  test('what was copied as JSON can be pasted, and nonsense is refused', async () => {
    const page = await openForm('gemma-3-270m');
    await page.getByRole('button', { name: 'More about these parameters' }).click();
    await page.getByRole('menuitem', { name: 'Copy as JSON' }).click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(JSON.parse(copied)).toEqual({ ctxSize: 8192, flashAttn: true, threads: 8 });
    await page.getByRole('button', { name: 'More about these parameters' }).click();
    await page.getByRole('menuitem', { name: /^Paste/ }).click();
    const box = page.getByRole('textbox', { name: 'Command line or JSON' });
    await box.fill('{"ctxSize": }');
    await page.getByText('This is no JSON object.').waitFor();
    await box.fill('{"ctxSize": 1024}');
    await page.getByText('Reset everything else').click();
    await page.getByRole('button', { name: 'Apply 1 parameter' }).click();
    expect(await contextOf(page).inputValue()).toBe('1,024');
    await page
      .getByRole('button', { name: /^Speed/ })
      .getByText('CPU threads 8')
      .waitFor({ state: 'detached' });
  });

  test('a document of the command line is pasted, where it is about one model', async () => {
    const page = await openForm('qwen3-8b');
    await page.getByRole('button', { name: 'More about these parameters' }).click();
    await page.getByRole('menuitem', { name: /^Paste/ }).click();
    const box = page.getByRole('textbox', { name: 'Command line or JSON' });
    const models = { 'a/b': { params: { ctxSize: 12_288 } } };
    const of = (more: object) =>
      JSON.stringify({ format: 'paddock-parameters', version: 1, models: { ...models, ...more } });
    await box.fill(of({ 'c/d': { params: {} } }));
    await page.getByText('not about one model or one preset').waitFor();
    await box.fill(of({}));
    await page.getByRole('button', { name: 'Apply 1 parameter' }).click();
    expect(await contextOf(page).inputValue()).toBe('12,288');
  });

  test('the command line that is copied is the one that runs without Paddock', async () => {
    const page = await openForm('gemma-3-270m');
    await page.getByRole('button', { name: 'Copy command line' }).click();
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    await expect.poll(copied).toMatch(/^llama-server --model .* --ctx-size 8192/);
    // The line in the window says where Paddock lets the engine listen.
    expect(await copied()).not.toMatch(/--(port|host|alias)/);
  });

  test('lists and variables are typed as text and checked', async () => {
    const page = await openForm('gemma-3-270m');
    await page.getByRole('button', { name: /^Advanced/ }).click();
    const split = page.getByRole('textbox', { name: 'Tensor split' });
    await split.fill('3,x');
    await page.getByText('Enter numbers, separated by commas.').waitFor();
    await split.fill('3,1');
    await split.press('Enter');
    await page.getByText('Enter numbers, separated by commas.').waitFor({ state: 'detached' });
    await page.getByRole('textbox', { name: 'Environment variables' }).fill('GGML_X=1');
    await page.getByRole('textbox', { name: 'Environment variables' }).press('Tab');
    await expect
      .poll(() =>
        page.evaluate(() => window.paddockFakeBackEnd?.calls.filter(call => call === 'saveParams').length),
      )
      .toBeGreaterThan(0);
    await page.getByRole('button', { name: /^Advanced/ }).click();
    await page.getByText('Tensor split 3,1, Environment variables ggml_x=1').waitFor();
  });
});
