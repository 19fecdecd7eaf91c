// Trying a model: kept chats on the left, the one that is shown on the right; where the window is narrow, one after the
// other.
import { useHotkeys, useMediaQuery } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';
import { patchWindow } from '../../state/window';
import { NARROW } from '../models/ModelsPage';
import classes from './Chat.module.css';
import { ChatList } from './ChatList';
import { Conversation } from './Conversation';
import { newChat, openChat, openLast } from './chat-actions';
import { chatState, currentChat, lastChat, useChat } from './chat-store';
import { BOX_ID } from './ids';

/** The chat of the last time, once after the start. */
let begun = false;

export default function ChatPage() {
  const narrow = useMediaQuery(NARROW, window.matchMedia(NARROW).matches, { getInitialValueInEffect: false });
  const [listOpen, setListOpen] = useState(false);
  const id = useChat(open => open.chat.id);

  useEffect(() => {
    const last = lastChat();
    if (begun || !last || last in chatState.get().open || currentChat().chat.messages.length > 0) return;
    begun = true;
    void openLast(last);
  }, []);

  // Focus goes where the user went: to the list, or back to what is written.
  const wasOpen = useRef(listOpen);
  useEffect(() => {
    if (!narrow || wasOpen.current === listOpen) return;
    wasOpen.current = listOpen;
    const target = listOpen ? document.querySelector<HTMLElement>('[data-chat-search]') : null;
    (target ?? document.getElementById(BOX_ID))?.focus();
  }, [narrow, listOpen]);

  const begin = () => {
    newChat();
    setListOpen(false);
    requestAnimationFrame(() => document.getElementById(BOX_ID)?.focus());
  };
  useHotkeys([['mod+N', begin]], []);
  const choose = (chosen: string) => {
    setListOpen(false);
    void openChat(chosen).then(() => document.getElementById(BOX_ID)?.focus());
  };

  const showList = !narrow || listOpen;
  return (
    <div className={classes.page} data-narrow={narrow || undefined}>
      {showList && (
        <ChatList onNew={begin} onChoose={choose} onBack={narrow ? () => setListOpen(false) : null} />
      )}
      {(!narrow || !listOpen) && (
        <Conversation
          key={id}
          onShowList={narrow ? () => setListOpen(true) : null}
          onModels={tab => patchWindow({ tab, target: null })}
        />
      )}
    </div>
  );
}
