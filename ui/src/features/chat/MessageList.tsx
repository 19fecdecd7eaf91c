// The column of messages. It follows what comes as long as its end is seen; who scrolls up is left alone.
import { Button } from '@mantine/core';
import { type ReactNode, useCallback, useEffect, useRef, useState, type WheelEvent } from 'react';
import { IconNewest } from '../../components/icons';
import { chatWords as words } from '../../messages/chat';
import classes from './Chat.module.css';
import { useChat } from './chat-store';

/** So close to the end counts as the end. */
const NEAR_PIXELS = 48;
/** Rounding. */
const AT_END_PIXELS = 2;

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
    const { scrollTop } = element;
    const left = element.scrollHeight - scrollTop - element.clientHeight;
    // Only somebody's hand moves it up, by however little at first; more text moves only the end.
    if (scrollTop < lastTop.current - 1 && left > AT_END_PIXELS) follows.current = false;
    else if (scrollTop > lastTop.current && left <= NEAR_PIXELS) follows.current = true;
    lastTop.current = element.scrollTop;
    setAway(left > NEAR_PIXELS && !follows.current);
  };

  // Before it moves: what comes meanwhile would pull it back.
  const onWheel = (event: WheelEvent) => {
    const element = box.current;
    if (event.deltaY < 0 && element && element.scrollTop > 0) follows.current = false;
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
      <div ref={box} className={classes.messages} onScroll={onScroll} onWheel={onWheel} tabIndex={0}>
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
