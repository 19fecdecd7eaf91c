// The chats that are open: the one that is shown, and those that are being answered. They live on while another tab is
// shown.
import type { Chat, ChatMessage, ChatSettings } from '../../ipc/bindings';
import { createStore, useStore } from '../../state/store';
import { remember, remembered } from '../../state/window';

/** An answer that is coming. */
export type Answering = {
  requestId: string;
  messageId: string;
  /** How much of the messages the engine has read. */
  reading: { tokens: number; of: number } | null;
  stopping: boolean;
  /** The messages as they were, where an answer was cut off for this one and nothing of this one has come yet. */
  replaced: ChatMessage[] | null;
};

/** What is written and not sent. */
export type Draft = { text: string; images: string[] };

export type OpenChat = { chat: Chat; answering: Answering | null; draft: Draft };

type State = { currentId: string; open: Readonly<Record<string, OpenChat>> };

export const NO_SETTINGS: ChatSettings = {
  systemPrompt: null,
  temperature: null,
  topP: null,
  topK: null,
  minP: null,
  maxTokens: null,
  seed: null,
  thinking: null,
};
export const NO_DRAFT: Draft = { text: '', images: [] };

const LAST = 'paddock.chat';
const MODEL = 'paddock.chatModel';

export const newId = () => crypto.randomUUID();

/** A chat that has not begun has no model until one is picked in it: it follows what runs. */
export function emptyChat(): OpenChat {
  const chat: Chat = {
    id: newId(),
    title: '',
    model: null,
    updatedAt: 0,
    settings: NO_SETTINGS,
    messages: [],
  };
  return { chat, answering: null, draft: NO_DRAFT };
}

function initial(): State {
  const first = emptyChat();
  return { currentId: first.chat.id, open: { [first.chat.id]: first } };
}

export const chatState = createStore<State>(initial());

/** The chat that was shown when the window was last open. */
export const lastChat = () => remembered(LAST);
export const rememberChat = (id: string) => remember(LAST, id);
/** The model that was picked last, in whichever chat. */
export const lastModel = () => remembered(MODEL);

const current = (state: State): OpenChat => {
  const open = state.open[state.currentId];
  if (!open) throw new Error('the chat that is shown is always open');
  return open;
};

export const currentChat = () => current(chatState.get());

export function useChat<S>(select: (open: OpenChat) => S): S {
  return useStore(chatState, state => select(current(state)));
}

/** Shows a chat; one that nothing happens in and that is not shown any more is forgotten here. */
export function show(shown: OpenChat): void {
  rememberChat(shown.chat.id);
  chatState.set(state => {
    const { id } = shown.chat;
    const others = Object.entries(state.open).filter(
      ([other, { answering, draft }]) =>
        other !== id && (answering !== null || draft.text !== '' || draft.images.length > 0),
    );
    return { currentId: id, open: { ...Object.fromEntries(others), [id]: state.open[id] ?? shown } };
  });
}

export function patchOpen(id: string, change: (open: OpenChat) => OpenChat): void {
  chatState.set(state => {
    const before = state.open[id];
    if (!before) return state;
    const after = change(before);
    return after === before ? state : { ...state, open: { ...state.open, [id]: after } };
  });
}

export const patchChat = (id: string, patch: Partial<Chat>) =>
  patchOpen(id, open => ({ ...open, chat: { ...open.chat, ...patch } }));

export function patchMessage(
  id: string,
  messageId: string,
  change: (message: ChatMessage) => ChatMessage,
): void {
  patchOpen(id, open => ({
    ...open,
    chat: {
      ...open.chat,
      messages: open.chat.messages.map(message => (message.id === messageId ? change(message) : message)),
    },
  }));
}

export function setDraft(patch: Partial<Draft>): void {
  patchOpen(chatState.get().currentId, open => ({ ...open, draft: { ...open.draft, ...patch } }));
}

/** The model for this chat, and for new ones while none runs. */
export function chooseChatModel(model: string): void {
  remember(MODEL, model);
  patchChat(chatState.get().currentId, { model });
}
