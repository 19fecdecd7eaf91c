// What the window itself knows: where the user is, what was asked for and not answered yet, what went wrong before a
// process was there to report it.
import type { Failure } from '../errors/app-error';
import { createStore, useStore } from './store';

export type Tab = 'models' | 'discover' | 'server' | 'engines' | 'chat' | 'settings';
export const TABS: readonly Tab[] = ['models', 'discover', 'server', 'engines', 'chat', 'settings'];
export type PaneTab = 'parameters' | 'details' | 'log';
export type SettingsSection = 'engine' | 'folders' | 'hub';
export type ServerSection = 'endpoint' | 'keys' | 'access' | 'loading';

/** A failed action that has no better place to be shown. */
export type Alert = { id: number; text: string; hint: string };

export type WindowState = {
  tab: Tab;
  /** The chosen model. */
  modelKey: string | null;
  paneTab: PaneTab;
  /** Where the window is narrow: whether the chosen model's page covers the list. */
  pageOpen: boolean;
  /** The repository that Discover shows. */
  hubRepo: string | null;
  /** Where the window is narrow: whether that repository's page covers the results. */
  hubPageOpen: boolean;
  downloadsOpen: boolean;
  /** So often the command palette was asked for. */
  paletteAsked: number;
  /** The report of a problem is shown. */
  reporting: boolean;
  /** The download whose cancelling has to be confirmed. */
  cancelling: string | null;
  /** A field of the form, or a part of the settings, to bring into view. */
  target: string | null;
  /** Asked for, and no snapshot has shown it yet. */
  busy: Readonly<Record<string, 'loading' | 'stopping'>>;
  /** Loads that were refused before anything was started. */
  failures: Readonly<Record<string, Failure>>;
  /** Why a model cannot be loaded as its form stands. */
  blocked: Readonly<Record<string, string>>;
  /** Models whose removal has to be confirmed. */
  removing: string | null;
  alerts: readonly Alert[];
  /** Notices that the user has put away. */
  dismissedNotices: readonly string[];
  /** For screen readers. */
  announcement: string;
};

const CHOSEN = 'paddock.model';

export const windowState = createStore<WindowState>({
  tab: 'models',
  modelKey: remembered(CHOSEN),
  paneTab: 'parameters',
  pageOpen: false,
  hubRepo: null,
  hubPageOpen: false,
  downloadsOpen: false,
  paletteAsked: 0,
  reporting: false,
  cancelling: null,
  target: null,
  busy: {},
  failures: {},
  blocked: {},
  removing: null,
  alerts: [],
  dismissedNotices: [],
  announcement: '',
});

export function useWindow<S>(select: (value: WindowState) => S): S {
  return useStore(windowState, select);
}

export function patchWindow(patch: Partial<WindowState>): void {
  windowState.set(value => ({ ...value, ...patch }));
}

export const openTab = (tab: Tab) => patchWindow({ tab, target: null });

export function chooseModel(key: string | null, open = true): void {
  if (key) remember(CHOSEN, key);
  patchWindow({ modelKey: key, pageOpen: open && key !== null });
}

export function openModel(key: string, paneTab: PaneTab, target: string | null = null): void {
  chooseModel(key);
  patchWindow({ tab: 'models', paneTab, target });
}

/** Shows a repository of the hub; `file` is the one of its variants to bring into view. */
export const openRepo = (id: string, file: string | null = null) =>
  patchWindow({ tab: 'discover', hubRepo: id, hubPageOpen: true, target: file });

export const openSettings = (section: SettingsSection) => patchWindow({ tab: 'settings', target: section });

export const openServer = (section: ServerSection) => patchWindow({ tab: 'server', target: section });

let alertId = 0;

export function alert(text: string, hint: string): void {
  alertId += 1;
  const added = { id: alertId, text, hint };
  windowState.set(value => ({
    ...value,
    announcement: text,
    // The same words twice say nothing new.
    alerts: [...value.alerts.filter(other => other.text !== text), added].slice(-3),
  }));
}

export function dismissAlert(id: number): void {
  windowState.set(value => ({ ...value, alerts: value.alerts.filter(other => other.id !== id) }));
}

export const announce = (announcement: string) => patchWindow({ announcement });

export function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  if (!(key in record)) return record;
  const { [key]: _, ...rest } = record;
  return rest;
}

/** Small things that the next start should know; a window that may not store anything still works. */
export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Nothing depends on it.
  }
}

export function remembered(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}
