// Some engines leave a model's thoughts in the text, between tags; here they are told apart.

const OPEN = /^\s*<(think|thinking|thought|reasoning)>/i;

export type Parts = { reasoning: string; content: string; thinking: boolean };

/** What was thought, what is said, and whether it still thinks. */
export function splitThinking(raw: string, reasoning: string | null): Parts {
  const opened = OPEN.exec(raw);
  if (!opened) return { reasoning: reasoning ?? '', content: withoutHalfTag(raw), thinking: false };
  const rest = raw.slice(opened[0].length);
  const close = new RegExp(`</${opened[1]}>`, 'i').exec(rest);
  const thoughts = [reasoning, (close ? rest.slice(0, close.index) : rest).trim()]
    .filter(Boolean)
    .join('\n\n');
  if (!close) return { reasoning: thoughts, content: '', thinking: true };
  const content = rest.slice(close.index + close[0].length).replace(/^\s+/, '');
  return { reasoning: thoughts, content, thinking: false };
}

/** `<thi` may become a tag yet; it would flash. */
function withoutHalfTag(raw: string): string {
  return /^\s*<[a-z]{0,9}$/i.test(raw) ? '' : raw;
}
