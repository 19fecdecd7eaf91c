// A browser with the page open in some scenario of the fake back end, and what every test wants to know of it.
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest';
import type { ScenarioName } from '../../src/ipc/fake/scenarios';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RESULTS = new URL('../../test-results/', import.meta.url).pathname;

export const WIDE = { width: 1280, height: 800 };
export const SMALL = { width: 800, height: 560 };

export type Look = { viewport?: typeof WIDE; ready?: string; motion?: 'reduce' | 'no-preference' };

let browser: Browser;
const open: { page: Page; problems: string[] }[] = [];

/** Starts the browser for a file of tests, and after each test makes sure that the page had nothing to complain of. */
export function withBrowser(): void {
  beforeAll(async () => {
    await mkdir(RESULTS, { recursive: true });
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
    browser = await chromium.launch({ executablePath, args: ARGUMENTS });
  });
  afterAll(async () => {
    await browser?.close();
  });
  afterEach(async () => {
    const problems = open.flatMap(one => one.problems);
    await Promise.all(open.splice(0).map(one => one.page.context().close()));
    expect(problems, 'errors in the console').toEqual([]);
  });
}

export async function openPage(scenario: ScenarioName, { viewport = WIDE, ready, motion }: Look = {}) {
  const context = await browser.newContext({
    viewport,
    colorScheme: 'light',
    reducedMotion: motion ?? 'reduce',
  });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = await context.newPage();
  page.setDefaultTimeout(8000);
  const problems: string[] = [];
  page.on('pageerror', error => problems.push(String(error)));
  page.on('console', message => {
    if (message.type() === 'error') problems.push(message.text());
  });
  open.push({ page, problems });
  await page.goto(`${inject('pageUrl')}?scenario=${scenario}`);
  await page
    .locator(ready ?? '[data-connected]')
    .first()
    .waitFor({ state: 'attached' });
  return page;
}

export async function screenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${RESULTS}${name}.png` });
}

/** What axe finds wrong: contrast, labels, roles, order. */
export async function accessibilityProblems(page: Page, only?: string[]): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  return page.evaluate(async rules => {
    // biome-ignore lint/suspicious/noExplicitAny: the library puts itself there
    const result = await (window as any).axe.run(document, {
      resultTypes: ['violations'],
      ...(rules && { runOnly: rules }),
    });
    return result.violations.flatMap(
      (rule: { id: string; nodes: { target: string[]; failureSummary: string }[] }) =>
        rule.nodes.map(
          node =>
            `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary.split('\n').slice(1).join(' ')}`,
        ),
    );
  }, only);
}

/**
 * Where the layout is broken: a page that scrolls sideways, text that sticks out of the window or of what clips it
 * without an ellipsis, controls that lie on each other.
 */
export async function layoutProblems(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const { innerWidth, innerHeight } = window;
    const root = document.scrollingElement ?? document.body;
    if (root.scrollWidth > innerWidth) found.push(`the page is ${root.scrollWidth} wide`);
    if (root.scrollHeight > innerHeight) found.push(`the page is ${root.scrollHeight} high`);
    const name = (element: Element) =>
      `${element.tagName.toLowerCase()} "${(element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 40)}"`;
    const visible = (element: Element) =>
      element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    /** The part of an element that is not cut away by what scrolls or clips around it. */
    const shownPart = (element: Element) => {
      let { left, right, top, bottom } = element.getBoundingClientRect();
      for (let parent = element.parentElement; parent; parent = parent.parentElement) {
        if (getComputedStyle(parent).overflow === 'visible') continue;
        const box = parent.getBoundingClientRect();
        left = Math.max(left, box.left);
        right = Math.min(right, box.right);
        top = Math.max(top, box.top);
        bottom = Math.min(bottom, box.bottom);
      }
      return { left, right, top, bottom, width: right - left, height: bottom - top };
    };
    for (const element of document.body.querySelectorAll<HTMLElement>('*')) {
      if (!visible(element) || element.closest('[aria-hidden="true"], svg, .mantine-VisuallyHidden-root'))
        continue;
      const style = getComputedStyle(element);
      const sideways = element.scrollWidth - element.clientWidth;
      const clips = style.overflowX === 'hidden' || style.overflowX === 'clip';
      if (
        clips &&
        sideways > 1 &&
        style.textOverflow !== 'ellipsis' &&
        element.clientWidth > 2 &&
        element.tagName !== 'INPUT'
      ) {
        found.push(`${name(element)} is clipped by ${sideways}`);
      }
      const scrolls = style.overflowX === 'auto' || style.overflowX === 'scroll';
      if (scrolls && sideways > 1 && !element.querySelector('pre') && element.tagName !== 'PRE') {
        found.push(`${name(element)} scrolls sideways by ${sideways}`);
      }
      const part = shownPart(element);
      if (part.width > 0 && part.height > 0 && part.right > innerWidth + 1)
        found.push(`${name(element)} sticks out`);
    }
    // What lies on top is all there is.
    const top = [...document.querySelectorAll('[role="dialog"], [role="menu"]')].at(-1) ?? document;
    const controls = [
      ...top.querySelectorAll<HTMLElement>('button, input, a[href], [role="tab"], [role="slider"]'),
    ]
      .filter(
        element => visible(element) && !element.closest('[aria-hidden="true"]') && element.offsetWidth > 2,
      )
      .map(element => ({ element, part: shownPart(element) }))
      // A sliver at the edge of what scrolls is a matter of rounding.
      .filter(({ part }) => part.width > 4 && part.height > 4);
    for (const { element, part } of controls) {
      if (element.matches('input[type="radio"], [data-row]')) continue;
      const hit = document.elementFromPoint((part.left + part.right) / 2, (part.top + part.bottom) / 2);
      if (hit && !element.contains(hit) && !hit.contains(element))
        found.push(`${name(hit)} covers ${name(element)}`);
    }
    controls.forEach((one, index) => {
      for (const other of controls.slice(index + 1)) {
        if (one.element.contains(other.element) || other.element.contains(one.element)) continue;
        // A field's own button lies in it.
        const field = one.element.closest('.mantine-Input-wrapper');
        if (field && field === other.element.closest('.mantine-Input-wrapper')) continue;
        // A row of the list is a target as a whole, below its own button.
        if (other.element.matches('[data-row]') && other.element.closest('li')?.contains(one.element))
          continue;
        const width = Math.min(one.part.right, other.part.right) - Math.max(one.part.left, other.part.left);
        const height = Math.min(one.part.bottom, other.part.bottom) - Math.max(one.part.top, other.part.top);
        if (width > 1 && height > 1) found.push(`${name(one.element)} and ${name(other.element)} overlap`);
      }
    });
    return found;
  });
}
