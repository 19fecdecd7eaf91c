// What can be done in a chat.
import { AppError } from '../../errors/app-error';
import { asSentence, describeFailure } from '../../errors/table';
import type { Chat, ChatEvent, ChatHead, ChatMessage, ChatSettings, IpcError } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { m } from '../../messages';
import { chatWords as words } from '../../messages/chat';
import { attempt } from '../../state/actions';
import { queryClient } from '../../state/queries';
import { alert, announce } from '../../state/window';
import { inTurn, save } from './chat-keeping';
import { chatKeys } from './chat-queries';
import {
  chatState,
  chooseChatModel,
  currentChat,
  emptyChat,
  lastChat,
  NO_DRAFT,
  newId,
  patchChat,
  patchMessage,
  patchOpen,
  rememberChat,
  show,
} from './chat-store';
import { MOST_IMAGES } from './images';
import { splitThinking } from './think';

const LONGEST_TITLE = 60;
const LONGEST_SAID = 600;
/** So often an answer that is coming is saved: what a crash takes is not more. */
const SAVE_EVERY_MILLISECONDS = 5000;
const SETTINGS_SAVED_AFTER_MILLISECONDS = 600;

const noFacts = {
  promptTokens: null,
  completionTokens: null,
  tokensPerSecond: null,
  firstTokenMilliseconds: null,
};

function message(role: ChatMessage['role'], content: string, patch: Partial<ChatMessage> = {}): ChatMessage {
  return {
    id: newId(),
    role,
    content,
    reasoning: null,
    images: [],
    model: null,
    facts: noFacts,
    ending: 'complete',
    error: null,
    ...patch,
  };
}

export function newChat(): void {
  const { chat } = currentChat();
  if (chat.messages.length > 0) show(emptyChat());
  // This is the one that is wanted, and not the chat of the last time, which is read when the page is first opened.
  else rememberChat(chat.id);
}

/** A new chat with this model, whatever runs. */
export function newChatWith(model: string | null): void {
  newChat();
  if (model !== null) chooseChatModel(model);
}

export async function openChat(id: string): Promise<void> {
  const open = chatState.get().open[id];
  if (open) return show(open);
  // After what is still being written of it.
  const chat = await inTurn(id, () => attempt(words.doing.open, () => client.getChat(id)));
  if (chat) show({ chat, answering: null, draft: NO_DRAFT });
}

/** The chat of the last time; one that is gone is nobody's business. */
export async function openLast(id: string): Promise<void> {
  try {
    const chat = await client.getChat(id);
    // Unless another was asked for meanwhile.
    if (lastChat() === id) show({ chat, answering: null, draft: NO_DRAFT });
  } catch {
    // A new one is shown.
  }
}

export function titleOf(chat: Pick<Chat, 'title'>): string {
  return chat.title === '' ? words.untitled : chat.title;
}

/** The first words of the first message. */
function titleFrom(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  if (line.length <= LONGEST_TITLE) return line;
  const cut = line.slice(0, LONGEST_TITLE);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), LONGEST_TITLE / 2)).trimEnd()}…`;
}

/** Sends what is written. */
export async function send(model: string, name: string): Promise<void> {
  const { chat, answering, draft } = currentChat();
  if (answering || (draft.text.trim() === '' && draft.images.length === 0)) return;
  const asked = message('user', draft.text.trim(), { images: draft.images });
  patchOpen(chat.id, open => ({ ...open, draft: NO_DRAFT }));
  await ask(chat, [...chat.messages, asked], model, name);
}

/** Sends a message anew, in other words; what followed it goes. */
export async function sendEdited(
  messageId: string,
  text: string,
  model: string,
  name: string,
): Promise<void> {
  const { chat, answering } = currentChat();
  const at = chat.messages.findIndex(one => one.id === messageId);
  const before = chat.messages[at];
  if (answering || !before || (text.trim() === '' && before.images.length === 0)) return;
  const edited = { ...before, content: text.trim() };
  await ask(chat, [...chat.messages.slice(0, at), edited], model, name);
}

/** Takes the last answer back and asks again. */
export async function regenerate(model: string, name: string): Promise<void> {
  const { chat, answering } = currentChat();
  if (answering) return;
  const at = chat.messages.findLastIndex(one => one.role === 'user');
  if (at >= 0) await ask(chat, chat.messages.slice(0, at + 1), model, name);
}

async function ask(chat: Chat, messages: ChatMessage[], model: string, name: string): Promise<void> {
  const { id } = chat;
  // Kept like this while it comes: one that quitting cuts short was not complete.
  const answer = message('assistant', '', { model, ending: 'stopped' });
  const requestId = newId();
  const title = chat.title || titleFrom(messages[0]?.content ?? '');
  const cutsOff = chat.messages.some(one => !messages.includes(one) && isAnswer(one));
  const replaced = cutsOff ? chat.messages : null;
  patchOpen(id, open => ({
    ...open,
    chat: { ...chat, title, model, messages: [...messages, answer] },
    answering: { requestId, messageId: answer.id, reading: null, stopping: false, replaced },
  }));
  announce(words.announce.answering(name));
  rememberChat(id);
  void save(id);
  const saving = setInterval(() => void save(id), SAVE_EVERY_MILLISECONDS);
  const lines = messages.map(({ role, content, images }) => ({ role, content, images }));
  try {
    const request = { id: requestId, key: model, messages: lines, settings: chat.settings };
    await client.startChat(request, event => take(id, answer.id, event));
  } catch (error) {
    const { code, message, log, hint } = AppError.unexpected(error);
    const ending = code === 'cancelled' ? 'stopped' : 'failed';
    end(id, answer.id, { ending, error: ending === 'failed' ? { code, message, details: log, hint } : null });
  }
  clearInterval(saving);
  // The last event comes another way than the answer to the command, and may be later.
  setTimeout(() => {
    const answering = chatState.get().open[id]?.answering;
    if (answering?.requestId !== requestId) return;
    end(id, answer.id, { ending: answering.stopping ? 'stopped' : 'complete' });
  }, 2000);
}

const isAnswer = ({ role, content, reasoning }: ChatMessage) =>
  role === 'assistant' && (content !== '' || reasoning !== null);

function take(id: string, messageId: string, event: ChatEvent): void {
  switch (event.kind) {
    case 'reading':
      patchOpen(id, open =>
        open.answering ? { ...open, answering: { ...open.answering, reading: event } } : open,
      );
      break;
    case 'content':
      patchMessage(id, messageId, one => ({ ...one, content: one.content + event.text }));
      forgetReplaced(id);
      break;
    case 'reasoning':
      patchMessage(id, messageId, one => ({ ...one, reasoning: (one.reasoning ?? '') + event.text }));
      forgetReplaced(id);
      break;
    case 'done':
      end(id, messageId, { ending: event.ending, facts: event.facts });
      break;
    case 'failed':
      end(id, messageId, { ending: 'failed', error: event.error, facts: event.facts });
  }
}

/** There is something of the new answer: it counts from now on. */
function forgetReplaced(id: string): void {
  if (!chatState.get().open[id]?.answering?.replaced) return;
  patchOpen(id, open => ({ ...open, answering: open.answering && { ...open.answering, replaced: null } }));
  void save(id);
}

/** Nothing came of the new answer, so the old one stays; what was written for the new one goes back to the box. */
function putBack(id: string, replaced: ChatMessage[], error: IpcError | null): void {
  patchOpen(id, ({ chat, draft }) => {
    const asked = chat.messages.findLast(one => one.role === 'user');
    const edited = asked && !replaced.includes(asked) ? asked : null;
    const text = [edited?.content, draft.text].filter(Boolean).join('\n\n');
    return {
      chat: { ...chat, messages: replaced },
      answering: null,
      draft: { text, images: [...(edited?.images ?? []), ...draft.images].slice(0, MOST_IMAGES) },
    };
  });
  void save(id);
  if (!error) {
    announce(words.announce.stopped);
    return;
  }
  const { clause, hint } = describeFailure(failureOfIpc(error));
  alert(m.notices.whatFailed(words.doing.another, clause), asSentence(hint));
}

function end(id: string, messageId: string, patch: Partial<ChatMessage>): void {
  const open = chatState.get().open[id];
  if (open?.answering?.messageId !== messageId) return;
  const { replaced } = open.answering;
  if (replaced && (patch.ending === 'failed' || patch.ending === 'stopped')) {
    putBack(id, replaced, patch.error ?? null);
    return;
  }
  patchMessage(id, messageId, one => {
    const { reasoning, content } = splitThinking(one.content, one.reasoning);
    return { ...one, ...patch, content, reasoning: reasoning === '' ? null : reasoning };
  });
  patchOpen(id, before => ({ ...before, answering: null }));
  const answer = chatState.get().open[id]?.chat.messages.find(one => one.id === messageId);
  if (answer) announce(saidOf(answer));
  void save(id);
}

/** For screen readers: the answer once it is there, and not while every word of it comes. */
function saidOf({ content, ending, error }: ChatMessage): string {
  if (error) return words.announce.failed(describeFailure(failureOfIpc(error)).clause);
  if (ending === 'stopped') return words.announce.stopped;
  const plain = content.replace(/```[^\n]*\n?|[*_#`>]/g, '').slice(0, LONGEST_SAID);
  return words.announce.answered(plain === '' ? words.message.nothing : plain);
}

export const failureOfIpc = ({ code, message, details, hint }: IpcError) => ({
  code,
  message,
  hint,
  log: details,
});

export async function stop(): Promise<void> {
  const { chat, answering } = currentChat();
  if (!answering || answering.stopping) return;
  patchOpen(chat.id, open =>
    open.answering ? { ...open, answering: { ...open.answering, stopping: true } } : open,
  );
  await attempt(words.doing.stop, () => client.stopChat(answering.requestId));
}

let settingsTimer: ReturnType<typeof setTimeout> | undefined;

export function changeSettings(patch: Partial<ChatSettings>): void {
  const { chat } = currentChat();
  patchChat(chat.id, { settings: { ...chat.settings, ...patch } });
  clearTimeout(settingsTimer);
  settingsTimer = setTimeout(() => void save(chat.id), SETTINGS_SAVED_AFTER_MILLISECONDS);
}

export async function renameChat(head: ChatHead, title: string): Promise<void> {
  await inTurn(head.id, async () => {
    const renamed = await attempt(words.doing.rename(titleOf(head)), () => client.renameChat(head.id, title));
    if (renamed) patchChat(head.id, { title: renamed.title });
  });
  await queryClient.invalidateQueries({ queryKey: chatKeys.list });
}

export async function removeChat(head: ChatHead): Promise<void> {
  const answering = chatState.get().open[head.id]?.answering;
  // First: what still comes of an answer must not be saved once more.
  if (chatState.get().currentId === head.id) show(emptyChat());
  chatState.set(state => {
    const { [head.id]: _, ...rest } = state.open;
    return { ...state, open: rest };
  });
  if (answering) await client.stopChat(answering.requestId).catch(() => undefined);
  const done = await inTurn(head.id, () =>
    attempt(words.doing.remove(titleOf(head)), async () => {
      await client.deleteChat(head.id);
      return true;
    }),
  );
  if (done) announce(words.announce.removed(titleOf(head)));
  await queryClient.invalidateQueries({ queryKey: chatKeys.list });
}

export async function exportChat(head: ChatHead): Promise<void> {
  const done = await attempt(words.doing.export(titleOf(head)), () => client.exportChat(head.id));
  if (done) announce(words.announce.exported(titleOf(head)));
}
