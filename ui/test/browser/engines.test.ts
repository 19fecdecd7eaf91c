// What somebody does with engines, and what happens to them by itself.
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { openPage, withBrowser } from './page';

withBrowser();

const calls = (page: Page) => page.evaluate(() => window.paddockFakeBackEnd?.calls ?? []);
const engine = (page: Page, name: string) => page.getByRole('article', { name, exact: true });
const bar = (page: Page) => page.locator('header').first();

describe('installing', () => {
  test('in the place of the button, told in words and aloud, and in use at the end', async () => {
    const page = await openPage('ready');
    await page.keyboard.press('Control+4');
    const vulkan = engine(page, 'Vulkan');
    await vulkan.getByText('Recommended').waitFor();
    await vulkan.getByRole('button', { name: 'Install Vulkan, build b11512' }).click();
    await vulkan.getByRole('progressbar', { name: 'Installing b11512' }).waitFor();
    await vulkan.getByText(/of 41 MB · 3\.1 MB\/s/).waitFor();
    expect(await engine(page, 'CPU').getByRole('button').isDisabled()).toBe(true);
    await page.getByText('b11512 is installed.').waitFor({ state: 'attached' });
    await engine(page, 'b11512-vulkan').getByText('In use').waitFor();
    await vulkan.getByText('Installed', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Roll back to b11434-vulkan' }).click();
    await engine(page, 'b11434-vulkan').getByText('In use').waitFor();
    await page.getByText('b11434-vulkan is in use again.').waitFor({ state: 'attached' });
  });

  test('can be cancelled, and leaves what was in use', async () => {
    const page = await openPage('longLoad');
    await page.keyboard.press('Control+4');
    await page.getByRole('button', { name: 'Install b11512', exact: true }).click();
    await bar(page).getByText('Looking for the right build').waitFor();
    await page.getByRole('main').getByRole('button', { name: 'Cancel installing b11512' }).first().click();
    await page.getByText('Update available: b11512').waitFor();
    await bar(page).getByText('Nothing loaded').waitFor();
    await engine(page, 'b11434-vulkan').getByText('In use').waitFor();
  });

  // LMS#2234, LMS#1057, J#7995: an update must not break what works.
  test('that fails says why, what to try, and that the engine before is still in use', async () => {
    const page = await openPage('installWillFail');
    await page.keyboard.press('Control+4');
    await page.getByRole('button', { name: 'Install Vulkan, build b11512' }).click();
    await page.getByText(/Could not install b11512: the release gives no checksum/).waitFor();
    await page.getByText('b11434-vulkan is still in use, as before.').waitFor();
    await page.getByRole('button', { name: 'Install without a checksum' }).click();
    await page.getByRole('dialog', { name: 'Install b11512 without a checksum?' }).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('main').getByRole('button', { name: 'Dismiss' }).click();
    await page.getByText('Could not install b11512').waitFor({ state: 'detached' });
    expect((await calls(page)).filter(call => call === 'installEngine').length).toBe(1);
  });

  test('the first one, from the card, and the notice goes', async () => {
    const page = await openPage('noEngineAlone');
    await page.getByRole('region', { name: 'Notices' }).getByText('There is no engine yet').waitFor();
    await page.keyboard.press('Control+4');
    await page.getByRole('button', { name: 'Install Vulkan (41 MB)' }).click();
    await page.getByRole('main').getByRole('progressbar').first().waitFor();
    await engine(page, 'b11512-vulkan').getByText('In use').waitFor();
    await page.keyboard.press('Control+1');
    await page.getByLabel('Context size', { exact: true }).waitFor();
    expect(await page.getByText('There is no engine yet').count()).toBe(0);
  });

  test('another build and another variant can be picked', async () => {
    const page = await openPage('upToDate');
    await page.keyboard.press('Control+4');
    await page.getByLabel('Build', { exact: true }).first().click();
    await page.getByRole('option', { name: 'b11212 · installed' }).click();
    await engine(page, 'Vulkan').getByText('Installed', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Install CPU, build b11212' }).click();
    await engine(page, 'b11212-cpu').getByText('In use').waitFor();
  });

  test('what cannot work says why and has no button', async () => {
    const page = await openPage('ready');
    await page.keyboard.press('Control+4');
    const rocm = engine(page, 'ROCm 6.4');
    await rocm.getByText('Needs an AMD GPU with ROCm 6.4; none was found.').waitFor();
    expect(await rocm.getByRole('button').count()).toBe(0);
  });
});

describe('what is here', () => {
  test('can be used, added, and removed after one question that names it', async () => {
    const page = await openPage('ready');
    await page.keyboard.press('Control+4');
    await page.getByRole('button', { name: 'Use my-build' }).click();
    await engine(page, 'my-build').getByText('In use').waitFor();
    await page.getByRole('navigation').getByText('my-build').waitFor();
    await page.getByRole('button', { name: 'Choose a file…' }).click();
    await engine(page, 'llama.cpp').getByText('In use').waitFor();
    await page.getByRole('button', { name: 'More for b11212-vulkan' }).click();
    await page.getByRole('menuitem', { name: 'Remove…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Remove b11212-vulkan?' });
    await dialog.getByText('1 model is set to this engine').waitFor();
    await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
    await engine(page, 'b11212-vulkan').waitFor({ state: 'detached' });
    await page.getByText('b11212-vulkan was removed.').waitFor({ state: 'attached' });
  });

  test('the one in use cannot be removed', async () => {
    const page = await openPage('ready');
    await page.keyboard.press('Control+4');
    await page.getByRole('button', { name: 'More for b11434-vulkan' }).click();
    expect(await page.getByRole('menuitem', { name: 'Remove…' }).isDisabled()).toBe(true);
  });

  test('an engine that does not answer says so, and the rest is there', async () => {
    const page = await openPage('engineMute');
    await page.keyboard.press('Control+4');
    await page.getByText('It could not be asked: the engine did not answer within 10 seconds.').waitFor();
    await engine(page, 'b11434-vulkan').getByText('In use').waitFor();
  });
});

describe('without the network', () => {
  // LMS#2428: nothing waits for a vendor's host.
  test('what was known stays, with a calm word', async () => {
    const page = await openPage('releasesOffline');
    await page.keyboard.press('Control+4');
    await page.getByText('The list may be old').waitFor();
    await page.getByText('Asked 3 days ago').waitFor();
    await engine(page, 'Vulkan').waitFor();
    expect(await page.getByRole('region', { name: 'Notices' }).textContent()).toBe('');
  });
});

describe('by itself', () => {
  test('a model without an engine waits for one, and says what is done', async () => {
    const page = await openPage('engineForModel');
    await bar(page).getByText('qwen3-8b').waitFor();
    await bar(page).getByText('Downloading the engine').waitFor();
    await page
      .getByRole('region', { name: 'Status of this model' })
      .getByText('Downloading the engine')
      .waitFor();
    await page.getByRole('navigation').getByText('b11512 42%').waitFor();
  });

  test('a roll-back is told until it is put away', async () => {
    const page = await openPage('rolledBack');
    const notices = page.getByRole('region', { name: 'Notices' });
    await notices.getByText(/b11212-vulkan is in use again/).waitFor();
    await notices.getByRole('button', { name: 'Dismiss' }).click();
    await notices.getByText(/in use again/).waitFor({ state: 'detached' });
    expect(await calls(page)).toContain('dismissAnnouncement');
  });
});
