// Light, dark, or as the system is.
import type { Settings, Theme } from '../ipc/bindings';
import { client } from '../ipc/client';
import { m } from '../messages';
import { attempt } from './actions';
import { keys, queryClient } from './queries';

export const THEMES: readonly Theme[] = ['light', 'dark', 'system'];

/** Shown at once; taken back where it cannot be saved. */
export async function chooseTheme(theme: Theme): Promise<void> {
  const before = queryClient.getQueryData<Settings>(keys.settings)?.theme ?? 'system';
  const set = (chosen: Theme) =>
    queryClient.setQueryData<Settings>(keys.settings, settings => settings && { ...settings, theme: chosen });
  set(theme);
  const done = await attempt(m.doing.setTheme, async () => {
    await client.setTheme(theme);
    return true;
  });
  if (!done) set(before);
}
