// The column of messages. It follows what comes as long as its end is seen; who scrolls up is left alone.
import { Button } from '@mantine/core';
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { IconNewest } from '../../components/icons';
import { chatWords as words } from '../../messages/chat';
import classes from './Chat.module.css';
import { useChat } from './chat-store';

/** So close to the end counts as the end. */
const NEAR_PIXELS = 48;

export function MessageList({ children }: { children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const inner = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const lastTop = useRef(0);
  const [away, setAway] = useState(false);

  const toEnd = useCallback(() => {
    const element = box.current;
    if (!element) return;
    follows.current = true;
    setAway(false);
    element.scrollTop = element.scrollHeight;
    lastTop.current = element.scrollTop;
  }, []);

  const onScroll = () => {
    const element = box.current;
    if (!element) return;
    const left = element.scrollHeight - element.scrollTop - element.clientHeight;
    // Only somebody's hand moves it up; more text moves only the end.
    if (left <= NEAR_PIXELS) follows.current = true;
    else if (element.scrollTop < lastTop.current - 1) follows.current = false;
    lastTop.current = element.scrollTop;
    setAway(left > NEAR_PIXELS && !follows.current);
  };

  // What comes, and what grows later: images, colours, a thought that is unfolded.
  useEffect(() => {
    if (!inner.current || !box.current) return;
    const observer = new ResizeObserver(() => {
      if (follows.current) toEnd();
    });
    observer.observe(inner.current);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [toEnd]);

  // Who sends something wants to see what comes of it.
  const sent = useChat(open => open.answering?.requestId ?? null);
  useEffect(() => {
    if (sent !== null) toEnd();
  }, [sent, toEnd]);

  return (
    <div className={classes.scrollFrame}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <div ref={box} className={classes.messages} onScroll={onScroll} tabIndex={0}>
        <div ref={inner} className={classes.column}>
          {children}
        </div>
      </div>
      {away && (
        <Button
          className={classes.toEnd}
          size="xs"
          variant="default"
          leftSection={<IconNewest size={14} />}
          onClick={toEnd}
        >
          {words.message.latest}
        </Button>
      )}
    </div>
  );
}
