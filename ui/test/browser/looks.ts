// Shows a view in both sizes and both schemes: nothing clipped, nothing on top of another, nothing that axe objects to;
// and a screenshot of each in test-results, to be looked at.
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { ScenarioName } from '../../src/ipc/fake/scenarios';
import {
  accessibilityProblems,
  layoutProblems,
  openPage,
  SMALL,
  screenshot,
  WIDE,
  withBrowser,
} from './page';

export type View = {
  name: string;
  scenario: ScenarioName;
  ready?: string;
  go?: (page: Page) => Promise<void>;
};

export const key = (name: string) => (page: Page) => page.keyboard.press(name);

/** Chooses a model; in a small window its page covers the list. */
export async function openModel(page: Page, name: string) {
  await page.locator('li').filter({ hasText: name }).locator('[data-row]').click();
  await page.getByRole('tab', { name: 'Parameters' }).waitFor();
}

/** One pixel less, and the list and the model are two pages. */
const NARROWEST_WITH_TWO_PANES = { width: 980, height: 600 };

/** As on a small notebook beside another window. */
const MIDDLE = { width: 900, height: 600 };

/** What is still wrong once the page has heard of its new size, which takes a moment where others are at work too. */
async function settledProblems(page: Page): Promise<string[]> {
  const deadline = Date.now() + 2000;
  for (;;) {
    await page.waitForTimeout(60);
    const problems = await layoutProblems(page);
    if (problems.length === 0 || Date.now() > deadline) return problems;
  }
}

/** Views that show other things in a small window. */
const SHAPED_BY_SIZE = new Set(['ready', 'ready-model', 'failed-model', 'server']);

export function look(views: View[]): void {
  withBrowser();
  test.each(views)('$name', async ({ name, scenario, ready, go }) => {
    const page = await openPage(scenario, { ready });
    await page.locator('[data-row], h2, [role="status"], [role="alert"], [role="dialog"]').first().waitFor();
    await go?.(page);
    // The form, the preview and the log come one after the other.
    await page.waitForTimeout(250);
    await page.setViewportSize(NARROWEST_WITH_TWO_PANES);
    expect.soft(await settledProblems(page), 'just wide enough').toEqual([]);
    for (const [size, viewport] of Object.entries({ wide: WIDE, middle: MIDDLE, small: SMALL })) {
      await page.setViewportSize(viewport);
      // The page hears of its new size a moment later.
      await page.waitForTimeout(120);
      expect.soft(await settledProblems(page), size).toEqual([]);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor({ state: 'attached' });
        await page.waitForTimeout(50);
        await screenshot(page, `${name}-${size}-${colorScheme}`);
        // Colours differ between the schemes; what there is to read hardly differs between the sizes.
        if (size === 'middle' || (size === 'small' && !SHAPED_BY_SIZE.has(name))) continue;
        const rules = colorScheme === 'dark' ? ['color-contrast'] : undefined;
        expect.soft(await accessibilityProblems(page, rules), `${size}, ${colorScheme}`).toEqual([]);
      }
    }
  });
}
