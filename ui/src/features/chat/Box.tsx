// The box for the next message, with the images that go with it and the room that is left.
import { ActionIcon, Button, Text, Textarea, Tooltip } from '@mantine/core';
import { type ClipboardEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { IconClose, IconDrop, IconImage, IconSend, IconStop } from '../../components/icons';

import type { ChatModel, Model } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { onFileDrop } from '../../ipc/events';
import { chatWords } from '../../messages/chat';
import { attempt } from '../../state/actions';
import { alert } from '../../state/window';
import classes from './Chat.module.css';
import { ContextMeter } from './ContextMeter';
import { send, stop } from './chat-actions';
import { currentChat, setDraft, useChat } from './chat-store';
import { BOX_ID } from './ids';
import { isImagePath } from './image-path';
import { fitted, fromFile, isImage, MOST_IMAGES } from './images';

const words = chatWords.box;

type Props = { partner: Model; running: ChatModel | null };

export function Box({ partner, running }: Props) {
  const draft = useChat(open => open.draft);
  const answering = useChat(open => open.answering);
  const sees = partner.hasProjector || running?.vision === true;
  const over = useDroppedImages(sees, partner.name);
  const picker = useRef<HTMLInputElement>(null);
  const empty = draft.text.trim() === '' && draft.images.length === 0;
  const sendNow = () => void send(partner.key, partner.name);

  const onKeyDown = (event: KeyboardEvent) => {
    // Enter that ends the choice of a character is none of ours.
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      if (!answering) sendNow();
    } else if (event.key === 'Escape' && answering) {
      event.stopPropagation();
      void stop();
    }
  };
  const onPaste = (event: ClipboardEvent) => {
    const files = [...event.clipboardData.files].filter(isImage);
    if (files.length === 0) return;
    event.preventDefault();
    void attach(
      files.map(file => () => fromFile(file)),
      sees,
      partner.name,
    );
  };
  return (
    <div className={classes.boxFrame}>
      <div className={classes.box} data-over={over || undefined}>
        {draft.images.length > 0 && <DraftImages images={draft.images} />}
        <Textarea
          id={BOX_ID}
          classNames={{ input: classes.boxInput }}
          variant="unstyled"
          autosize
          minRows={1}
          maxRows={9}
          autoFocus
          aria-label={words.label}
          placeholder={words.placeholder(partner.name)}
          value={draft.text}
          onChange={event => setDraft({ text: event.currentTarget.value })}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        <div className={classes.boxFoot}>
          <Tooltip label={sees ? words.attach : words.cannotSee(partner.name)}>
            <ActionIcon
              aria-label={sees ? words.attach : words.cannotSee(partner.name)}
              aria-disabled={!sees}
              className={sees ? undefined : classes.cannot}
              onClick={() => sees && picker.current?.click()}
            >
              <IconImage size={17} stroke={1.7} />
            </ActionIcon>
          </Tooltip>
          <input
            ref={picker}
            type="file"
            accept="image/*"
            multiple
            hidden
            onChange={event => {
              const files = [...(event.currentTarget.files ?? [])];
              event.currentTarget.value = '';
              void attach(
                files.map(file => () => fromFile(file)),
                sees,
                partner.name,
              );
            }}
          />
          <ContextMeter partner={partner} running={running} />
          {answering ? (
            <Button
              variant="default"
              leftSection={<IconStop size={14} />}
              loading={answering.stopping}
              onClick={() => void stop()}
            >
              {words.stop}
            </Button>
          ) : (
            <Tooltip label={words.keys}>
              <Button leftSection={<IconSend size={15} />} disabled={empty} onClick={sendNow}>
                {words.send}
              </Button>
            </Tooltip>
          )}
        </div>
        {over && (
          <div className={classes.boxDrop} role="status">
            <IconDrop size={18} aria-hidden />
            <Text fw={600}>{words.dropHere}</Text>
          </div>
        )}
      </div>
    </div>
  );
}

/** Adds images to what is written. */
async function attach(images: (() => Promise<string>)[], sees: boolean, name: string): Promise<void> {
  if (images.length === 0) return;
  if (!sees) return alert(`${words.cannotSee(name)}.`, '');
  const room = MOST_IMAGES - currentChat().draft.images.length;
  if (images.length > room) alert(words.tooMany(MOST_IMAGES), '');
  for (const read of images.slice(0, Math.max(0, room))) {
    const url = await attempt(chatWords.doing.image, read);
    if (url !== null) setDraft({ images: [...currentChat().draft.images, url] });
  }
}

/** The web view hears nothing of files that are dropped; the window tells their paths. Others than images are models. */
function useDroppedImages(sees: boolean, name: string): boolean {
  const [over, setOver] = useState(false);
  useEffect(
    () =>
      onFileDrop(drop => {
        const paths = drop.kind === 'leave' ? [] : drop.paths.filter(isImagePath);
        setOver(drop.kind === 'over' && (paths.length > 0 || drop.paths.length === 0));
        if (drop.kind !== 'drop') return;
        const read = (path: string) => async () => fitted(await client.readImage(path), path);
        void attach(paths.map(read), sees, name);
      }),
    [sees, name],
  );
  return over && sees;
}

function DraftImages({ images }: { images: string[] }) {
  return (
    <ul className={classes.draftImages} aria-label={words.images}>
      {images.map((url, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the same image may be there twice
        <li key={index}>
          <img src={url} alt={chatWords.message.image(index + 1)} />
          <ActionIcon
            size={18}
            variant="default"
            radius="xl"
            aria-label={words.removeImage(index + 1)}
            onClick={() => setDraft({ images: images.filter((_, other) => other !== index) })}
          >
            <IconClose size={12} />
          </ActionIcon>
        </li>
      ))}
    </ul>
  );
}
