// Whom the chat is with: what is loaded first, then the rest of the library.
import { Select } from '@mantine/core';
import type { Model } from '../../ipc/bindings';
import { chatWords } from '../../messages/chat';
import { useActiveStatuses } from '../../state/status';
import { useTalkers } from './chat-queries';
import { chooseChatModel, useChat } from './chat-store';

const words = chatWords.model;

export function ModelPicker({ partner }: { partner: Model | null }) {
  const talkers = useTalkers();
  const active = useActiveStatuses();
  const busy = useChat(open => open.answering !== null);
  const isLoaded = ({ key }: Model) => active.some(one => one.key === key && one.state === 'ready');
  const names = talkers.map(model => model.name);
  const item = (model: Model) => ({
    value: model.key,
    // Two of one name are told apart by their keys.
    label: names.filter(name => name === model.name).length > 1 ? model.key : labelOf(model),
  });
  const groups = [
    { group: words.loaded, items: talkers.filter(isLoaded).map(item) },
    { group: words.library, items: talkers.filter(model => !isLoaded(model)).map(item) },
  ].filter(({ items }) => items.length > 0);
  if (talkers.length === 0) return null;
  return (
    <Select
      w={300}
      miw={120}
      searchable
      disabled={busy}
      aria-label={words.label}
      placeholder={words.choose}
      nothingFoundMessage={words.none}
      data={groups}
      value={partner?.key ?? null}
      allowDeselect={false}
      maxDropdownHeight={320}
      onChange={key => key !== null && chooseChatModel(key)}
    />
  );
}

const labelOf = ({ name, quantization }: Model) => [name, quantization].filter(Boolean).join(' · ');
