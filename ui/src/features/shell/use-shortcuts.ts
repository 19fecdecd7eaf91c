// The keys of the window. Ctrl, or Command on a Mac.
import { useHotkeys } from '@mantine/hooks';
import { useEffect } from 'react';
import { toggleModel } from '../../state/actions';
import { useModel } from '../../state/queries';
import { openTab, patchWindow, TABS, useWindow, windowState } from '../../state/window';
import { useFirstRun } from '../first-run/first-run-state';

export const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** `Ctrl+L`, or `⌘L`. */
export const keyNames = (key: string) => (isMac ? `⌘${key}` : `Ctrl+${key}`);

/** What Ctrl+F puts the cursor in. */
export const SEARCH_ID = 'search-models';
/** And on the Discover page. */
export const HUB_SEARCH_ID = 'search-hub';

export function useShortcuts() {
  const chosen = useModel(useWindow(value => value.modelKey));
  const first = useFirstRun(value => value.active);
  const keys: [string, () => void][] = [
    ...TABS.map((tab, index): [string, () => void] => [`mod+${index + 1}`, () => openTab(tab)]),
    ['mod+K', openPalette],
    ['mod+L', () => void (chosen && toggleModel(chosen))],
    ['mod+F', focusSearch],
    ['mod+J', () => patchWindow({ downloadsOpen: true })],
  ];
  useHotkeys(
    // The first steps lead nowhere else.
    first ? [] : keys.map(([key, run]) => [key, unlessAsked(run)]),
    // A field is no reason not to.
    [],
  );
  useEffect(() => {
    // Before anybody else hears it: what Escape closes is gone from the page afterwards.
    window.addEventListener('keydown', goBack, true);
    return () => window.removeEventListener('keydown', goBack, true);
  }, []);
}

const openPalette = () => windowState.set(value => ({ ...value, paletteAsked: value.paletteAsked + 1 }));

/** A dialog wants its answer first. */
function unlessAsked(run: () => void): () => void {
  return () => {
    if (!document.querySelector('[aria-modal="true"]')) run();
  };
}

export function focusSearch() {
  const inChats = document.querySelector<HTMLInputElement>('[data-chat-search]');
  if (windowState.get().tab === 'chat' && inChats) return inChats.focus();
  const onHub = windowState.get().tab === 'discover';
  patchWindow(onHub ? { hubPageOpen: false } : { tab: 'models', pageOpen: false });
  // The list may have to be drawn first.
  requestAnimationFrame(() => {
    const field = document.getElementById(onHub ? HUB_SEARCH_ID : SEARCH_ID);
    if (field instanceof HTMLInputElement) {
      field.focus();
      field.select();
    }
  });
}

/** Whether something lies over the page that Escape closes. A list that is shut stays in the page, unseen. */
const isCovered = () =>
  [...document.querySelectorAll('[role="dialog"], [role="menu"], [role="listbox"]')].some(element =>
    element.checkVisibility(),
  );

function goBack(event: KeyboardEvent) {
  if (event.key !== 'Escape' || isCovered()) return;
  const focused = document.activeElement;
  // The search clears itself first.
  if (focused instanceof HTMLInputElement && focused.type === 'text') {
    if (focused.id !== SEARCH_ID && focused.id !== HUB_SEARCH_ID) focused.blur();
    return;
  }
  const { tab, pageOpen, hubPageOpen } = windowState.get();
  if (tab === 'discover' && hubPageOpen) patchWindow({ hubPageOpen: false });
  else if (tab === 'models' && pageOpen) patchWindow({ pageOpen: false });
}
