// The chat that is shown: whom it is with, its messages, and the box for the next one.
import { ActionIcon, Button, Group, Tooltip } from '@mantine/core';
import { useCallback, useRef } from 'react';
import { EmptyState } from '../../components/EmptyState';
import { IconChat, IconList } from '../../components/icons';
import { chatWords as words } from '../../messages/chat';
import { useModelName, useModels } from '../../state/queries';
import { useModelStatus } from '../../state/status';
import type { Tab } from '../../state/window';
import { Box } from './Box';
import classes from './Chat.module.css';
import { regenerate, sendEdited } from './chat-actions';
import { useChatPartner, useRunningModel } from './chat-queries';
import { useChat } from './chat-store';
import { LIST_BUTTON_ID } from './ids';
import { MessageList } from './MessageList';
import { MessageView } from './MessageView';
import { ModelPicker } from './ModelPicker';
import { SettingsPopover } from './SettingsPopover';

type Props = { onShowList: (() => void) | null; onModels: (tab: Tab) => void };

export function Conversation({ onShowList, onModels }: Props) {
  const messages = useChat(open => open.chat.messages);
  const answering = useChat(open => open.answering);
  const partner = useChatPartner();
  const running = useRunningModel(partner?.key ?? null);
  const { isPending } = useModels();
  const nameOf = useModelName();

  // The messages stay the same objects, so what they are given must too.
  const now = useRef({ key: '', name: '' });
  now.current = { key: partner?.key ?? '', name: partner?.name ?? '' };
  const onEdit = useCallback((id: string, text: string) => {
    const { key, name } = now.current;
    if (key !== '') void sendEdited(id, text, key, name);
  }, []);
  const onRegenerate = useCallback(() => {
    const { key, name } = now.current;
    if (key !== '') void regenerate(key, name);
  }, []);

  return (
    <section className={classes.conversation} aria-label={words.message.log}>
      <div className={classes.head}>
        {onShowList && (
          <Tooltip label={words.list.show}>
            <ActionIcon id={LIST_BUTTON_ID} size={30} onClick={onShowList} aria-label={words.list.show}>
              <IconList size={17} />
            </ActionIcon>
          </Tooltip>
        )}
        <ModelPicker partner={partner} />
        <div className={classes.headEnd}>
          <SettingsPopover running={running} />
        </div>
      </div>
      {messages.length > 0 ? (
        <MessageList>
          {messages.map((message, index) => (
            <MessageView
              key={message.id}
              message={message}
              author={message.role === 'user' ? words.you : nameOf(message.model ?? '')}
              answering={answering?.messageId === message.id ? answering : null}
              busy={answering !== null}
              last={index === messages.length - 1}
              onEdit={onEdit}
              onRegenerate={onRegenerate}
            />
          ))}
        </MessageList>
      ) : partner ? (
        <Welcome name={partner.name} modelKey={partner.key} />
      ) : (
        !isPending && (
          <EmptyState
            icon={<IconChat size={28} stroke={1.3} />}
            title={words.empty.noModels}
            action={
              <Group gap="xs">
                <Button onClick={() => onModels('models')}>{words.empty.toModels}</Button>
                <Button variant="default" onClick={() => onModels('discover')}>
                  {words.empty.toDiscover}
                </Button>
              </Group>
            }
          >
            {words.empty.noModelsBody}
          </EmptyState>
        )
      )}
      {partner && <Box partner={partner} running={running} />}
    </section>
  );
}

function Welcome({ name, modelKey }: { name: string; modelKey: string }) {
  const { state } = useModelStatus(modelKey);
  return (
    <EmptyState icon={<IconChat size={28} stroke={1.3} />} title={words.empty.title(name)}>
      {state === 'ready' ? words.empty.loaded : words.empty.notLoaded}
    </EmptyState>
  );
}
