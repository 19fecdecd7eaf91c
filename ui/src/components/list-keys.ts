// Keys in a list whose rows carry `data-row`.
import type { KeyboardEvent } from 'react';

/** Arrow keys walk the rows, Home and End jump; Tab leaves row by row as everywhere. */
export function moveInList(event: KeyboardEvent<HTMLElement>) {
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-row]')];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  if (at < 0) return;
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  rows[Math.min(rows.length - 1, Math.max(0, to))]?.focus();
}

/** From the search into the list. */
export function focusRow(event: KeyboardEvent<HTMLElement>, index: number) {
  event.preventDefault();
  document.querySelectorAll<HTMLElement>('[data-row]')[index]?.focus();
}
