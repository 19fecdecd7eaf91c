// What is kept of a chat while it is answered, changed and deleted.
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { AppError } from '../../src/errors/app-error';
import type { Chat, ChatEvent, ChatHead, ChatRequest } from '../../src/ipc/bindings';
import { windowState } from '../../src/state/window';

/** What was asked of the back end, and a hand on its answers. */
const back = vi.hoisted(() => ({
  log: [] as string[],
  saved: [] as unknown[],
  /** Saves wait for these, the first for the first. */
  holds: [] as Promise<void>[],
  tell: (_: unknown) => {},
  finish: (_?: unknown) => {},
}));

vi.mock('../../src/ipc/client', () => ({
  client: {
    saveChat: async (chat: Chat) => {
      back.log.push('save begins');
      await back.holds.shift();
      back.log.push('save ends');
      back.saved.push(structuredClone(chat));
    },
    getChat: async () => structuredClone(back.saved.at(-1)),
    deleteChat: async () => void back.log.push('delete'),
    stopChat: async () => {
      back.log.push('stop');
      // The last event overtakes the answer to the command.
      back.tell({ kind: 'done', ending: 'stopped', facts });
      await settle();
    },
    startChat: (_: ChatRequest, take: (event: ChatEvent) => void) =>
      new Promise<void>((resolve, reject) => {
        back.tell = event => take(event as ChatEvent);
        back.finish = error => (error ? reject(error) : resolve());
      }),
  },
}));

import { openChat, regenerate, removeChat, send, sendEdited } from '../../src/features/chat/chat-actions';
import { chatState, currentChat, emptyChat, setDraft, show } from '../../src/features/chat/chat-store';

const facts = {
  promptTokens: null,
  completionTokens: null,
  tokensPerSecond: null,
  firstTokenMilliseconds: null,
};
const settle = () => new Promise(resolve => setTimeout(resolve, 0));
const saved = () => back.saved.map(chat => (chat as Chat).messages.map(one => one.content));
const lastSaved = () => back.saved.at(-1) as Chat | undefined;

function held(): () => void {
  let free = () => {};
  back.holds.push(
    new Promise(resolve => {
      free = resolve;
    }),
  );
  return free;
}

const headOf = ({ id, title, model, updatedAt }: Chat): ChatHead => ({
  id,
  title,
  model,
  updatedAt,
  messageCount: 0,
  found: null,
  problem: null,
});

async function ask(text: string): Promise<void> {
  setDraft({ text });
  void send('a/model', 'model');
  await settle();
}

beforeEach(() => {
  Object.assign(back, { log: [], saved: [], holds: [] });
  show(emptyChat());
});

describe('writing', () => {
  test('a chat that is deleted while it is answered does not come back', async () => {
    await ask('Hello');
    back.tell({ kind: 'content', text: 'Some' });
    const { chat } = currentChat();
    back.log.length = 0;
    await removeChat(headOf(chat));
    await settle();
    expect(back.log).toEqual(['stop', 'delete']);
    expect(chatState.get().open[chat.id]).toBeUndefined();
  });

  test('a chat is deleted after what is being saved of it', async () => {
    const free = held();
    await ask('Hello');
    const removed = removeChat(headOf(currentChat().chat));
    await settle();
    free();
    await removed;
    expect(back.log).toEqual(['save begins', 'stop', 'save ends', 'delete']);
  });

  test('an older version does not win because it took longer', async () => {
    const free = held();
    await ask('Hello');
    back.tell({ kind: 'content', text: 'All of it' });
    back.tell({ kind: 'done', ending: 'complete', facts });
    await settle();
    free();
    await settle();
    expect(back.log).toEqual(['save begins', 'save ends', 'save begins', 'save ends']);
    expect(saved().at(-1)).toEqual(['Hello', 'All of it']);
  });

  test('a chat that is opened again is read after what is being written of it', async () => {
    await ask('Hello');
    const free = held();
    back.tell({ kind: 'content', text: 'All of it' });
    back.tell({ kind: 'done', ending: 'complete', facts });
    const { id } = currentChat().chat;
    show(emptyChat());
    void openChat(id);
    await settle();
    free();
    await settle();
    expect(currentChat().chat.messages.map(one => one.content)).toEqual(['Hello', 'All of it']);
  });

  test('a chat that is left before its turn is kept whole', async () => {
    const free = held();
    await ask('Hello');
    back.tell({ kind: 'content', text: 'All of it' });
    back.tell({ kind: 'done', ending: 'complete', facts });
    show(emptyChat());
    free();
    await settle();
    expect(lastSaved()?.messages.map(one => one.content)).toEqual(['Hello', 'All of it']);
  });
});

describe('an answer that is coming', () => {
  const ending = () => lastSaved()?.messages.at(-1)?.ending;

  test('is kept as one that was stopped, until it is known how it ended', async () => {
    // Whoever quits meanwhile finds half an answer later, and must not take it for all of it.
    await ask('Hello');
    expect(ending()).toBe('stopped');
    back.tell({ kind: 'content', text: 'All of it' });
    back.tell({ kind: 'done', ending: 'complete', facts });
    await settle();
    expect(ending()).toBe('complete');
  });

  test('is complete where its last event was lost', async () => {
    vi.useFakeTimers();
    try {
      setDraft({ text: 'Hello' });
      void send('a/model', 'model');
      back.tell({ kind: 'content', text: 'All of it' });
      back.finish();
      await vi.advanceTimersByTimeAsync(2100);
      expect(ending()).toBe('complete');
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('an answer that another one is asked for', () => {
  const contents = () => currentChat().chat.messages.map(one => one.content);
  const refusal = { code: 'out_of_memory', message: 'not enough memory', hint: '', log: [] };

  async function answered(): Promise<void> {
    await ask('Hello');
    back.tell({ kind: 'content', text: 'A good one' });
    back.tell({ kind: 'done', ending: 'complete', facts });
    back.finish();
    await settle();
  }

  async function again(): Promise<void> {
    void regenerate('a/model', 'model');
    await settle();
  }

  test('stays on disk until something of the next has come', async () => {
    await answered();
    await again();
    expect(contents()).toEqual(['Hello', '']);
    expect(saved().at(-1)).toEqual(['Hello', 'A good one']);
    back.tell({ kind: 'content', text: 'Other' });
    await settle();
    expect(saved().at(-1)).toEqual(['Hello', 'Other']);
  });

  test('is put back where the model cannot be loaded', async () => {
    await answered();
    await again();
    back.finish(new AppError(refusal));
    await settle();
    expect(contents()).toEqual(['Hello', 'A good one']);
    expect(saved().at(-1)).toEqual(['Hello', 'A good one']);
    expect(currentChat().answering).toBeNull();
    // It is told all the same.
    expect(windowState.get().alerts.at(-1)?.text).toMatch(/^Could not get another answer: /);
  });

  test('is put back where it is stopped before anything came, and not once something did', async () => {
    await answered();
    await again();
    back.tell({ kind: 'done', ending: 'stopped', facts });
    expect(contents()).toEqual(['Hello', 'A good one']);
    await again();
    back.tell({ kind: 'content', text: 'Other' });
    back.tell({ kind: 'done', ending: 'stopped', facts });
    expect(contents()).toEqual(['Hello', 'Other']);
  });

  test('is put back for an edited question too, which is not lost either', async () => {
    await answered();
    const [question] = currentChat().chat.messages;
    void sendEdited(question?.id ?? '', 'Hello there', 'a/model', 'model');
    await settle();
    setDraft({ text: 'begun meanwhile' });
    back.finish(new AppError(refusal));
    await settle();
    expect(contents()).toEqual(['Hello', 'A good one']);
    expect(currentChat().draft.text).toBe('Hello there\n\nbegun meanwhile');
  });

  test('goes where there was nothing of it', async () => {
    await ask('Hello');
    back.finish(new AppError(refusal));
    await settle();
    await again();
    back.finish(new AppError({ ...refusal, message: 'still not enough memory' }));
    await settle();
    // The failure is told where the answer would be, with what to do about it.
    const last = currentChat().chat.messages.at(-1);
    expect([last?.ending, last?.error?.message]).toEqual(['failed', 'still not enough memory']);
  });
});
