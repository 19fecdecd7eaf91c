// How much of the context the chat takes, as the engine counted it at the last answer.
import { Progress, Text, Tooltip } from '@mantine/core';
import { grouped } from '../../format';
import type { ChatModel, Model } from '../../ipc/bindings';
import { chatWords } from '../../messages/chat';
import classes from './Chat.module.css';
import { useChat } from './chat-store';

const words = chatWords.context;
const NEARLY_FULL = 0.9;

export function ContextMeter({ partner, running }: { partner: Model; running: ChatModel | null }) {
  const used = useChat(({ chat }) => {
    const last = chat.messages.findLast(({ facts }) => facts.promptTokens !== null);
    return last ? (last.facts.promptTokens ?? 0) + (last.facts.completionTokens ?? 0) : 0;
  });
  // Before it is loaded, nobody knows what there will be.
  const all = running?.contextTokens ?? null;
  if (all === null || partner === null) return <span className={classes.context} />;
  const share = Math.min(1, used / all);
  const full = share >= NEARLY_FULL;
  const text = words.used(grouped(used), grouped(all));
  return (
    <Tooltip label={full ? words.nearlyFull : words.what}>
      <div className={classes.context} role="img" aria-label={`${words.label}: ${text}`}>
        <Progress
          value={share * 100}
          size={6}
          w={72}
          radius="xl"
          bg="var(--pd-meter-free)"
          color={full ? 'var(--pd-warn)' : 'var(--pd-meter-ours)'}
          aria-hidden
          style={{ flex: 'none' }}
        />
        <Text span size="xs" c={full ? 'var(--pd-warn)' : 'dimmed'} truncate>
          {text}
        </Text>
      </div>
    </Tooltip>
  );
}
