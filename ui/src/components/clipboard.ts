// The clipboard, with the old way for webviews that refuse the new one.

import { m } from '../messages';
import { alert } from '../state/window';

/** What has to be asked for first is given as a promise; null where that failed, which was told then. */
export async function copyText(text: string | Promise<string | null>): Promise<boolean> {
  if (typeof text !== 'string') {
    if (await copyLater(text)) return true;
    const found = await text;
    return found !== null && copyText(found);
  }
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (copyBySelection(text)) return true;
    alert(m.copyFailed, '');
    return false;
  }
}

/** Begun at once, with the text to follow: some webviews let nothing be copied once the click is over. */
async function copyLater(text: Promise<string | null>): Promise<boolean> {
  const blob = text.then(found => {
    if (found === null) throw new Error('nothing to copy');
    return new Blob([found], { type: 'text/plain' });
  });
  // Where there is no such clipboard, nobody waits for it.
  blob.catch(() => undefined);
  try {
    await navigator.clipboard.write([new ClipboardItem({ 'text/plain': blob })]);
    return true;
  } catch {
    return false;
  }
}

function copyBySelection(text: string): boolean {
  const focused = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.setAttribute('readonly', '');
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return done;
}
