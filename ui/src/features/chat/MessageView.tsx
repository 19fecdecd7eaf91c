// One message: what was written, what was thought before, its figures, and what can be done with it.
import { ActionIcon, Button, Group, Text, Textarea, Tooltip } from '@mantine/core';
import { type KeyboardEvent, memo, useState } from 'react';
import { CopyButton } from '../../components/CopyButton';
import { IconEdit, IconReload } from '../../components/icons';
import { grouped, milliseconds, percent, rateOfTokens } from '../../format';
import type { ChatMessage } from '../../ipc/bindings';
import { m } from '../../messages';
import { chatWords } from '../../messages/chat';
import { useModelStatus } from '../../state/status';
import { AnswerProblem } from './AnswerProblem';
import classes from './Chat.module.css';
import type { Answering } from './chat-store';
import { Markdown } from './Markdown';
import { splitThinking } from './think';
import { useThrottled } from './use-throttled';

const words = chatWords.message;
const LONG = 8000;

type Props = {
  message: ChatMessage;
  /** The name of who wrote it. */
  author: string;
  /** Set while it comes. */
  answering: Answering | null;
  /** Nothing else may be asked meanwhile. */
  busy: boolean;
  last: boolean;
  onEdit: (id: string, text: string) => void;
  onRegenerate: () => void;
};

export const MessageView = memo(function MessageView(props: Props) {
  const { message, author } = props;
  const [editing, setEditing] = useState(false);
  const fromUser = message.role === 'user';
  return (
    <article
      className={classes.message}
      data-role={message.role}
      data-last={props.last || undefined}
      aria-label={author}
      aria-busy={props.answering !== null}
    >
      <Text className={classes.author}>{author}</Text>
      <Images images={message.images} />
      {fromUser && editing && (
        <EditBox
          text={message.content}
          onClose={() => setEditing(false)}
          onSend={text => {
            setEditing(false);
            props.onEdit(message.id, text);
          }}
        />
      )}
      {fromUser && !editing && message.content !== '' && (
        <div className={classes.said} data-selectable>
          {message.content}
        </div>
      )}
      {!fromUser && <Answer message={message} answering={props.answering} />}
      {!fromUser && <AnswerProblem message={message} onAgain={props.onRegenerate} canAsk={props.last} />}
      {props.answering === null && !editing && (
        <Group gap={2} className={classes.foot}>
          {!fromUser && <Figures message={message} />}
          <span className={classes.actions}>
            {message.content !== '' && <CopyButton text={message.content} what={words.copy} />}
            {fromUser && (
              <Tooltip label={words.edit}>
                <ActionIcon
                  size="xs"
                  aria-label={words.edit}
                  disabled={props.busy}
                  onClick={() => setEditing(true)}
                >
                  <IconEdit size={14} />
                </ActionIcon>
              </Tooltip>
            )}
            {!fromUser && props.last && (
              <Tooltip label={words.regenerate}>
                <ActionIcon size="xs" aria-label={words.regenerate} onClick={props.onRegenerate}>
                  <IconReload size={14} />
                </ActionIcon>
              </Tooltip>
            )}
          </span>
        </Group>
      )}
    </article>
  );
});

function Images({ images }: { images: string[] }) {
  if (images.length === 0) return null;
  return (
    <div className={classes.images}>
      {images.map((url, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they never change places
        <img key={index} src={url} alt={words.image(index + 1)} />
      ))}
    </div>
  );
}

function Answer({ message, answering }: { message: ChatMessage; answering: Answering | null }) {
  const { content: raw, reasoning: thoughts } = message;
  const pace = answering === null ? 0 : raw.length > LONG ? 250 : 70;
  const shown = useThrottled(raw, pace);
  const shownThoughts = useThrottled(thoughts, pace);
  const { reasoning, content, thinking } = splitThinking(shown, shownThoughts);
  const thinks = answering !== null && content === '' && (thinking || reasoning !== '');
  return (
    <>
      {reasoning !== '' && (
        <details className={classes.thoughts}>
          <summary>{thinks ? <Dots>{words.thinking}</Dots> : words.thought}</summary>
          <div data-selectable>{reasoning}</div>
        </details>
      )}
      {answering !== null && content === '' && !thinks && (
        <Waiting answering={answering} model={message.model ?? ''} />
      )}
      {content !== '' && <Markdown text={content} />}
      {answering === null && content === '' && message.ending === 'complete' && (
        <Text c="dimmed">{words.nothing}</Text>
      )}
    </>
  );
}

/** Why nothing is to be read yet. */
function Waiting({ answering, model }: { answering: Answering; model: string }) {
  const { state, server } = useModelStatus(model);
  const { reading } = answering;
  const name = model.split('/').at(-1) ?? model;
  if (state !== 'ready') {
    const part = server?.progress ?? null;
    return <Dots>{words.loading(name, part === null ? null : percent(part))}</Dots>;
  }
  const far = reading && reading.of > 0 && reading.tokens < reading.of;
  return <Dots>{far ? words.reading(percent(reading.tokens / reading.of)) : words.waiting}</Dots>;
}

function Dots({ children }: { children: string }) {
  return (
    <span className={classes.waiting}>
      {children}
      <span aria-hidden className={classes.dots} />
    </span>
  );
}

function Figures({ message: { facts, ending } }: { message: ChatMessage }) {
  const { tokensPerSecond, firstTokenMilliseconds, completionTokens } = facts;
  const parts = [
    ending === 'stopped' && words.stopped,
    ending === 'cutOff' && words.cutOff,
    tokensPerSecond !== null && words.speed(rateOfTokens(tokensPerSecond)),
    firstTokenMilliseconds !== null && words.first(milliseconds(firstTokenMilliseconds)),
    completionTokens !== null && words.length(grouped(completionTokens)),
  ].filter(Boolean);
  if (parts.length === 0) return null;
  return <span className={classes.figures}>{parts.join(m.separator)}</span>;
}

function EditBox({
  text,
  onSend,
  onClose,
}: {
  text: string;
  onSend: (text: string) => void;
  onClose: () => void;
}) {
  const [typed, setTyped] = useState(text);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      onSend(typed);
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      onClose();
    }
  };
  return (
    <div className={classes.edit}>
      <Textarea
        autosize
        minRows={1}
        maxRows={12}
        autoFocus
        aria-label={words.editLabel}
        value={typed}
        onChange={event => setTyped(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <Group gap="xs" mt={6}>
        <Button size="xs" onClick={() => onSend(typed)} disabled={typed.trim() === ''}>
          {words.resend}
        </Button>
        <Button size="xs" variant="default" onClick={onClose}>
          {m.cancel}
        </Button>
        <Text size="xs" c="dimmed">
          {words.editNote}
        </Text>
      </Group>
    </div>
  );
}
