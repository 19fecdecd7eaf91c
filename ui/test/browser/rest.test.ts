// Start, log, server, settings, and the page as it is shipped.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, inject, test } from 'vitest';
import { openPage, withBrowser } from './page';

withBrowser();

const calls = (page: Page) => page.evaluate(() => window.paddockFakeBackEnd?.calls ?? []);

describe('start', () => {
  test('another Paddock owns the data folder: take over', async () => {
    const page = await openPage('takeover', { ready: '[role="dialog"]' });
    await page.getByText('version 0.1.0, process 3187').waitFor();
    await page.getByRole('button', { name: 'Take over' }).click();
    await page.getByText('Waiting for it to finish').waitFor();
    await page.locator('[data-row]').first().waitFor();
  });

  test('another Paddock owns the data folder: leave', async () => {
    const page = await openPage('takeover', { ready: '[role="dialog"]' });
    await page.getByRole('button', { name: 'Leave' }).click();
    await expect.poll(() => calls(page)).toContain('quit');
    expect(await calls(page)).not.toContain('takeOver');
  });

  test('a start that failed says why and can be tried again', async () => {
    const page = await openPage('startFailed', { ready: '[role="alert"]' });
    await page.getByText(/cannot be written to\..*write access/).waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(async () => (await calls(page)).filter(call => call === 'startUp').length).toBe(2);
  });

  test('what was done to the settings is said once', async () => {
    const page = await openPage('broken');
    await page.getByText('The settings could not be read; the last good copy was put back.').waitFor();
    await page.getByText('The old file was kept at').waitFor();
    await page.getByRole('region', { name: 'Notices' }).getByRole('button', { name: 'Dismiss' }).click();
    await page.getByText('the last good copy').waitFor({ state: 'detached' });
  });

  test('what takes long shows that it does', async () => {
    const page = await openPage('slow', { ready: 'header' });
    await page.getByRole('status', { name: 'Loading' }).first().waitFor();
  });
});

describe('log', () => {
  test('follows, lets go when scrolled back, and can be copied', async () => {
    const page = await openPage('ready');
    await page.getByRole('tab', { name: 'Log' }).click();
    const log = page.getByRole('region', { name: 'Log of gemma-3-270m' });
    await log.getByText('server is listening').waitFor();
    const say = (count: number, text: string) =>
      page.evaluate(
        ([lines, words]) => {
          for (let line = 0; line < lines; line += 1) {
            window.paddockFakeBackEnd?.host.say('google/gemma-3-270m-q4_k_m', `${words} ${line}`);
          }
        },
        [count, text] as const,
      );
    await page.waitForTimeout(600);
    await say(80, 'slot released');
    await log.getByText('slot released 79').waitFor();
    const atEnd = () => log.evaluate(box => box.scrollHeight - box.scrollTop - box.clientHeight < 24);
    await expect.poll(atEnd).toBe(true);
    await log.evaluate(box => {
      box.scrollTop = 0;
    });
    await page.getByRole('button', { name: 'Go to the newest line' }).waitFor();
    await say(1, 'one more');
    await log.getByText('one more 0').waitFor();
    expect(await atEnd()).toBe(false);
    await page.getByRole('button', { name: 'Go to the newest line' }).click();
    await expect.poll(atEnd).toBe(true);
    await page.getByRole('button', { name: 'Copy log' }).click();
    expect((await page.evaluate(() => navigator.clipboard.readText())).split('\n').length).toBe(96);
  });
});

describe('settings', () => {
  test('the theme changes at once', async () => {
    const page = await openPage('ready');
    await page.keyboard.press('Control+6');
    await page.getByText('Dark', { exact: true }).click();
    await page.locator('html[data-mantine-color-scheme="dark"]').waitFor();
    await page.getByText('Light', { exact: true }).click();
    await page.locator('html[data-mantine-color-scheme="light"]').waitFor();
    expect(await calls(page)).toContain('setTheme');
  });

  test('an engine can be picked where there is none', async () => {
    const page = await openPage('noEngine');
    await page.getByText('No engine to read parameters from').waitFor();
    await page
      .getByRole('region', { name: 'Notices' })
      .getByRole('button', { name: 'Choose an engine' })
      .click();
    await page.getByText('No engine yet').waitFor();
    await page.getByRole('button', { name: 'Choose a file…' }).click();
    await page.getByRole('article', { name: 'llama.cpp' }).getByText('In use').waitFor();
    await page.getByRole('navigation').getByText('llama.cpp').waitFor();
    await page.keyboard.press('Control+1');
    await page.getByLabel('Context size', { exact: true }).waitFor();
  });

  // A move between disks takes an hour: it can be watched and ended by whoever comes back to it.
  test('a folder that moves is shown and can be cancelled after looking elsewhere', async () => {
    const page = await openPage('ready');
    await page.keyboard.press('Control+6');
    await page
      .getByRole('button', { name: /^Move .* to another place/ })
      .first()
      .click();
    await page.getByText('Moving: 2.0 of 8.0 GB').waitFor();
    await page.keyboard.press('Control+1');
    await page.getByText('Moving:').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+6');
    await page.getByText('Moving: 2.0 of 8.0 GB').waitFor();
    await page.getByRole('button', { name: 'Cancel the move' }).click();
    await page.getByText('Moving:').waitFor({ state: 'detached' });
    await page
      .getByRole('button', { name: /^Move .* to another place/ })
      .first()
      .waitFor();
  });

  test('folders come and go, and a refusal is told', async () => {
    const page = await openPage('ready');
    await page.keyboard.press('Control+6');
    await page.getByRole('button', { name: 'Add a folder…' }).click();
    await page.getByText('/home/ada/Downloads').waitFor();
    await page.getByRole('button', { name: 'Remove /home/ada/Downloads' }).click();
    await page.getByRole('button', { name: 'Remove folder' }).click();
    await page.getByText('/home/ada/Downloads').waitFor({ state: 'detached' });

    const other = await openPage('cannotSave');
    await other.keyboard.press('Control+6');
    await other.getByRole('button', { name: 'Remove /home/ada/Models' }).click();
    await other.getByRole('button', { name: 'Remove folder' }).click();
    await other
      .getByRole('region', { name: 'Notices' })
      .getByText(/Could not remove the folder: settings\.json could not be written/)
      .waitFor();
  });
});

describe('the page as it is shipped', () => {
  test('has no fake, no inline script and nothing from elsewhere', async () => {
    const folder = inject('shippedPage');
    const html = await readFile(join(folder, 'index.html'), 'utf8');
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    const files = await readdir(join(folder, 'assets'));
    expect(files.some(file => file.includes('fake'))).toBe(false);
    for (const file of files) {
      const text = await readFile(join(folder, 'assets', file), 'utf8');
      expect(text).not.toContain('paddockFakeBackEnd');
      expect(text).not.toContain('gemma-3-270m');
      if (file.endsWith('.css')) expect(text).not.toMatch(/url\(["']?(?:https?:)?\/\//);
    }
  });
});

test('nothing moves for who wants that', async () => {
  /** What moved, for longer than anybody sees, while a model loads and answers. */
  const moved = async (motion: 'reduce' | 'no-preference') => {
    const page = await openPage('stopped', { motion });
    const seen = await page.evaluateHandle(() => {
      const found = new Set<string>();
      const look = () => {
        for (const one of document.getAnimations()) {
          if (Number(one.effect?.getComputedTiming().duration) <= 1) continue;
          const { target, pseudoElement } = one.effect as KeyframeEffect;
          found.add(`${target?.className}${pseudoElement ?? ''}`);
        }
        requestAnimationFrame(look);
      };
      look();
      return found;
    });
    await page.locator('[data-row]').first().waitFor();
    await page.keyboard.press('Control+L');
    await page.locator('header').first().getByText('Ready').waitFor();
    await page.keyboard.press('Control+5');
    const box = page.getByLabel('Message', { exact: true });
    await box.fill('slow');
    await box.press('Enter');
    await page.getByRole('article').last().getByText('tokens/s').waitFor();
    return seen.evaluate(found => [...found]);
  };
  expect(await moved('reduce')).toEqual([]);
  // Else the test looks at nothing.
  expect(await moved('no-preference')).not.toEqual([]);
});
