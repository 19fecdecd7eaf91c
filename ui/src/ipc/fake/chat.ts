// The fake's chats: some that are kept, and a model that answers word by word. What it does is chosen by what it is told:
// “slow”, “think”, “break”, “full”, “table”.
import type { Channel } from '@tauri-apps/api/core';
import type { AnswerFacts, Chat, ChatEvent, ChatHead, ChatMessage, ChatRequest } from '../bindings';
import type { Scenario } from './scenarios';

type Args = Record<string, unknown>;

const HOUR_MILLISECONDS = 3_600_000;
const PIECE_MILLISECONDS = 4;
const SLOW_PIECE_MILLISECONDS = 60;

const noFacts: AnswerFacts = {
  promptTokens: null,
  completionTokens: null,
  tokensPerSecond: null,
  firstTokenMilliseconds: null,
};

export const richAnswer = `A **bloom filter** tells whether something is *certainly not* in a set, or perhaps is. It costs a few bits per entry.

1. Hash the entry \`k\` times.
2. Set those bits.
3. To ask, look whether **all** of them are set.

| Bits per entry | False positives |
| ---: | ---: |
| 8 | 2.1 % |
| 10 | 0.8 % |
| 16 | 0.05 % |

\`\`\`rust
/// Whether \`entry\` may have been added.
fn contains(&self, entry: &[u8]) -> bool {
    (0..self.hashes).all(|seed| {
        let bit = hash(entry, seed) % self.bits.len() as u64;
        self.bits[bit as usize] // 0.8 % of the time by chance
    })
}
\`\`\`

> Nothing can be taken out again; a *counting* filter can do that.

See [the article](https://en.wikipedia.org/wiki/Bloom_filter). ![A picture](https://example.org/x.png) <script>alert(1)</script>`;

const said = (id: string, role: ChatMessage['role'], content: string, patch: Partial<ChatMessage> = {}) =>
  ({
    id,
    role,
    content,
    reasoning: null,
    images: [],
    model: role === 'assistant' ? 'google/gemma-3-270m-q4_k_m' : null,
    facts: noFacts,
    ending: 'complete',
    error: null,
    ...patch,
  }) satisfies ChatMessage;

const settings: Chat['settings'] = {
  systemPrompt: null,
  temperature: null,
  topP: null,
  topK: null,
  minP: null,
  maxTokens: null,
  seed: null,
  thinking: null,
};

const kept = (id: string, title: string, hoursAgo: number, messages: ChatMessage[]): Chat => ({
  id,
  title,
  model: 'google/gemma-3-270m-q4_k_m',
  updatedAt: Date.now() - hoursAgo * HOUR_MILLISECONDS,
  settings,
  messages,
});

export const someChats: Chat[] = [
  kept('bloom', 'What is a bloom filter, and when would I use one?', 0.1, [
    said('1', 'user', 'What is a bloom filter, and when would I use one?'),
    said('2', 'assistant', richAnswer, {
      reasoning: 'They ask for a definition and a use.\nA table of sizes may help, and a few lines of code.',
      facts: {
        promptTokens: 1204,
        completionTokens: 412,
        tokensPerSecond: 41.7,
        firstTokenMilliseconds: 318,
      },
    }),
  ]),
  kept('names', 'Names for a boat', 5, [
    said('1', 'user', 'Names for a boat, please'),
    said('2', 'assistant', 'Petrel, Halcyon, and', {
      ending: 'stopped',
      facts: { promptTokens: 22, completionTokens: 6, tokensPerSecond: 38.2, firstTokenMilliseconds: 91 },
    }),
  ]),
  kept('poem', 'A poem about the sea in the manner of Emily Dickinson', 51, [
    said('1', 'user', 'A poem about the sea in the manner of Emily Dickinson'),
    said('2', 'assistant', 'The Sea said —', {
      ending: 'failed',
      error: {
        code: 'chat_broken',
        message: 'the answer of google/gemma-3-270m-q4_k_m broke off: the engine ended',
        details: [],
        hint: 'What came until then is kept. Ask again.',
      },
    }),
  ]),
];

export class FakeChat {
  private readonly scenario: Scenario;
  private readonly stopped = new Set<string>();
  /** For tests: what the last request said, and the links that were opened. */
  lastRequest: ChatRequest | null = null;
  readonly links: string[] = [];

  constructor(scenario: Scenario) {
    this.scenario = scenario;
  }

  readonly commands = {
    listChats: ({ text }: Args) => this.list(text as string | null),
    getChat: ({ id }: Args) => this.find(id as string),
    saveChat: ({ chat }: Args) => {
      const saved = { ...structuredClone(chat as Chat), updatedAt: Date.now() };
      this.scenario.chats = [saved, ...this.scenario.chats.filter(one => one.id !== saved.id)];
      return head(saved);
    },
    renameChat: ({ id, title }: Args) => {
      const chat = this.find(id as string);
      chat.title = title as string;
      return head(chat);
    },
    deleteChat: ({ id }: Args) => {
      this.scenario.chats = this.scenario.chats.filter(one => one.id !== id);
      return null;
    },
    exportChat: () => true,
    chatModel: ({ key }: Args) => {
      const server = this.scenario.snapshot.servers.find(one => one.key === key);
      if (server?.state !== 'ready') return null;
      const model = this.scenario.models.find(one => one.key === key);
      const vision = model?.hasProjector === true;
      return { contextTokens: 2048, vision, temperature: 0.8, topP: 0.95, topK: 40, minP: 0.05 };
    },
    startChat: ({ request, onEvent }: Args) =>
      this.answer(request as ChatRequest, event => (onEvent as Channel<ChatEvent>).onmessage(event)),
    stopChat: ({ id }: Args) => {
      this.stopped.add(id as string);
      return null;
    },
    openLink: ({ url }: Args) => {
      this.links.push(url as string);
      return null;
    },
    readImage: () => DOT,
  };

  private list(text: string | null): ChatHead[] {
    const wanted = text?.toLowerCase() ?? '';
    const heads = this.scenario.chats.flatMap(chat => {
      const found = chat.messages.find(one => one.content.toLowerCase().includes(wanted));
      if (wanted === '') return [head(chat)];
      if (!found && !chat.title.toLowerCase().includes(wanted)) return [];
      return [{ ...head(chat), found: found ? `…${found.content.slice(0, 60)}…` : null }];
    });
    return heads.sort((a, b) => b.updatedAt - a.updatedAt);
  }

  private find(id: string): Chat {
    const chat = this.scenario.chats.find(one => one.id === id);
    if (!chat) throw { code: 'chat_not_found', message: `there is no chat "${id}"`, details: [], hint: '' };
    return chat;
  }

  private async answer(request: ChatRequest, tell: (event: ChatEvent) => void): Promise<null> {
    this.lastRequest = structuredClone(request);
    const asked = request.messages.at(-1)?.content ?? '';
    const has = (word: string) => asked.toLowerCase().includes(word);
    if (has('full')) {
      throw {
        code: 'chat_context_full',
        message: `this chat is too long for ${request.key}: it has 12024 tokens, and the context holds 2048`,
        details: [],
        hint: 'Begin a new chat, or load the model with a larger context size.',
      };
    }
    const pause = has('slow') ? SLOW_PIECE_MILLISECONDS : PIECE_MILLISECONDS;
    const answer = has('table')
      ? richAnswer
      : has('long')
        ? Array.from({ length: 60 }, (_, index) => `Paragraph ${index + 1} of a long answer.`).join('\n\n')
        : `You said: ${asked}. ${'Here is some more of it. '.repeat(has('slow') ? 12 : 1)}`;
    const facts = (count: number): AnswerFacts => ({
      promptTokens: 24 * request.messages.length,
      completionTokens: count,
      tokensPerSecond: count > 1 ? 41.7 : null,
      firstTokenMilliseconds: 318,
    });
    tell({ kind: 'reading', tokens: 12, of: 24 });
    await sleep(pause);
    if (has('think')) tell({ kind: 'reasoning', text: 'First, what is asked?' });
    let text = has('tagged') ? `<think>Between tags.</think>${answer}` : answer;
    let count = 0;
    while (text !== '') {
      const piece = /^\s*\S+\s?/.exec(text)?.[0] ?? text;
      text = text.slice(piece.length);
      await sleep(pause);
      if (this.stopped.has(request.id)) {
        tell({ kind: 'done', ending: 'stopped', facts: facts(count) });
        return null;
      }
      tell({ kind: 'content', text: piece });
      count += 1;
      if (has('break') && count === 3) {
        const error = {
          code: 'chat_broken',
          message: `the answer of ${request.key} broke off: the engine ended`,
          details: [],
          hint: 'What came until then is kept. Ask again.',
        };
        tell({ kind: 'failed', error, facts: facts(count) });
        return null;
      }
    }
    tell({ kind: 'done', ending: has('cut') ? 'cutOff' : 'complete', facts: facts(count) });
    return null;
  }
}

function head(chat: Chat): ChatHead {
  const { id, title, model, updatedAt, messages } = chat;
  return { id, title, model, updatedAt, messageCount: messages.length, found: null, problem: null };
}

/** One pixel. */
const DOT =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const sleep = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds));
