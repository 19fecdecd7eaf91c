// The lines of a log that are shown: how loud each is, and which are searched for.

export type Level = 'all' | 'warning' | 'error';
export type Line = { number: number; text: string; level: 'error' | 'warning' | undefined };

/** How loud a line is, by the engine's own letter or by its words. */
export function levelOf(line: string): Line['level'] {
  if (/^(?:[\d.]+ )?E |\berror\b|\bfailed to\b/i.test(line)) return 'error';
  if (/^(?:[\d.]+ )?W |\bwarn(?:ing)?\b/i.test(line)) return 'warning';
  return undefined;
}

/** Those that hold what is searched for, and are at least so loud. */
export function linesOf(all: readonly string[], search: string, level: Level): Line[] {
  const wanted = search.toLowerCase();
  const lines: Line[] = [];
  all.forEach((text, number) => {
    if (wanted !== '' && !text.toLowerCase().includes(wanted)) return;
    const loud = levelOf(text);
    if (level === 'error' ? loud !== 'error' : level === 'warning' && loud === undefined) return;
    lines.push({ number, text, level: loud });
  });
  return lines;
}

export type Part = { at: number; piece: string; found: boolean };

/** A line cut where it holds what is searched for. */
export function parts(text: string, search: string): Part[] {
  const [low, wanted] = [text.toLowerCase(), search.toLowerCase()];
  // Letters that change their length with their case are not worth a wrong cut.
  if (wanted === '' || low.length !== text.length) return [{ at: 0, piece: text, found: false }];
  const cut: Part[] = [];
  let from = 0;
  for (let at = low.indexOf(wanted); at >= 0; at = low.indexOf(wanted, from)) {
    if (at > from) cut.push({ at: from, piece: text.slice(from, at), found: false });
    from = at + wanted.length;
    cut.push({ at, piece: text.slice(at, from), found: true });
  }
  if (from < text.length) cut.push({ at: from, piece: text.slice(from), found: false });
  return cut;
}
