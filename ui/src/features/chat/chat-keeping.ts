// What is kept of chats, and when: whatever ends an answer, what came of it is on disk.
import type { Chat } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { chatWords as words } from '../../messages/chat';
import { attempt } from '../../state/actions';
import { queryClient } from '../../state/queries';
import { chatKeys } from './chat-queries';
import { chatState } from './chat-store';

/** What is being written or read of each chat. */
const writing = new Map<string, Promise<unknown>>();

/** One after the other for each chat: no older version may win, none come after its deletion. */
export function inTurn<T>(id: string, write: () => Promise<T>): Promise<T> {
  const turn = (writing.get(id) ?? Promise.resolve()).then(write);
  const settled = turn
    .catch(() => undefined)
    .then(() => {
      if (writing.get(id) === settled) writing.delete(id);
    });
  writing.set(id, settled);
  return turn;
}

/** A chat as it is now, if there is anything to keep of it. An answer is kept until there is something of the next. */
function toKeep(id: string): Chat | null {
  const open = chatState.get().open[id];
  if (!open || open.chat.messages.length === 0) return null;
  const replaced = open.answering?.replaced;
  return replaced ? { ...open.chat, messages: replaced } : open.chat;
}

export async function save(id: string): Promise<void> {
  const chat = toKeep(id);
  if (!chat) return;
  // One that is shown no more when its turn comes is kept as it was last.
  await inTurn(id, () => attempt(words.doing.save, () => client.saveChat(toKeep(id) ?? chat)));
  await queryClient.invalidateQueries({ queryKey: chatKeys.list });
}
