// Kept chats, what the chosen model says of itself, and which model is meant.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ChatHead, Model } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { useModels } from '../../state/queries';
import { useActiveStatuses, useModelStatus } from '../../state/status';
import { useWindow } from '../../state/window';
import { lastModel, useChat } from './chat-store';

export const chatKeys = {
  list: ['chats'] as const,
  found: (text: string) => ['chats', text] as const,
  model: (key: string | null, startedAt: number | null) => ['chat-model', key, startedAt] as const,
};

const NONE: ChatHead[] = [];

export function useChats(text: string) {
  const query = useQuery({
    queryKey: chatKeys.found(text),
    queryFn: () => client.listChats(text === '' ? null : text),
    placeholderData: keepPreviousData,
  });
  return { ...query, chats: query.data ?? NONE };
}

/** What can be talked to. */
export function useTalkers(): Model[] {
  const { models } = useModels();
  return models.filter(model => model.present && !model.problem);
}

/** The model that the chat asks next: its own, else the one that runs, the one picked last, the chosen one. */
export function useChatPartner(): Model | null {
  const wanted = useChat(open => open.chat.model);
  const chosen = useWindow(value => value.modelKey);
  const talkers = useTalkers();
  const active = useActiveStatuses();
  const of = (key: string | null | undefined) => talkers.find(model => model.key === key);
  const ready = active.filter(({ state }) => state === 'ready' || state === 'starting');
  const runs = ready.map(({ key }) => of(key)).find(Boolean);
  return of(wanted) ?? runs ?? of(lastModel()) ?? of(chosen) ?? talkers[0] ?? null;
}

/** What the model's engine says of it; nothing while it is not loaded. */
export function useRunningModel(key: string | null) {
  const { state, server } = useModelStatus(key ?? '');
  const startedAt = state === 'ready' ? (server?.startedAt ?? 0) : null;
  const query = useQuery({
    queryKey: chatKeys.model(key, startedAt),
    queryFn: () => (key === null ? null : client.chatModel(key)),
    enabled: key !== null && startedAt !== null,
  });
  return startedAt === null ? null : (query.data ?? null);
}
