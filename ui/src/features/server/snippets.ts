// How to call the endpoint from a program. Code, not words of the window: that is why it is not among the messages.

export type SnippetKind = 'curl' | 'python' | 'javascript' | 'editor';
export const SNIPPETS: readonly SnippetKind[] = ['curl', 'python', 'javascript', 'editor'];

/** What a snippet is about. */
export type Target = {
  /** The base URL, with `/v1`. */
  url: string;
  model: string;
  /** What to show as key; `null` where any text will do. */
  key: string | null;
  /** Tokens that fit into the context. */
  context: number;
};

/** Stands for one of the user's keys. */
export const YOUR_KEY = 'pk-your-key';
/** Many clients insist on a key, whatever it is. */
export const ANY_KEY = 'none';

export const keyOf = (target: Target) => target.key ?? ANY_KEY;

const QUESTION = 'Why is the sky blue?';
const text = JSON.stringify;

export function snippet(kind: Exclude<SnippetKind, 'editor'>, target: Target): string {
  const { url, model } = target;
  switch (kind) {
    case 'curl': {
      const authorization = target.key ? `  -H "Authorization: Bearer ${target.key}" \\\n` : '';
      // A quote in a model's name would end the shell's.
      const name = text(model).replaceAll("'", "'\\''");
      return `curl ${url}/chat/completions \\
  -H "Content-Type: application/json" \\
${authorization}  -d '{
    "model": ${name},
    "messages": [{"role": "user", "content": ${text(QUESTION)}}]
  }'`;
    }
    case 'python':
      return `from openai import OpenAI

client = OpenAI(base_url=${text(url)}, api_key=${text(keyOf(target))})
answer = client.chat.completions.create(
    model=${text(model)},
    messages=[{"role": "user", "content": ${text(QUESTION)}}],
)
print(answer.choices[0].message.content)`;
    case 'javascript':
      return `import OpenAI from "openai";

const client = new OpenAI({ baseURL: ${text(url)}, apiKey: ${text(keyOf(target))} });
const answer = await client.chat.completions.create({
  model: ${text(model)},
  messages: [{ role: "user", content: ${text(QUESTION)} }],
});
console.log(answer.choices[0].message.content);`;
  }
}
