// The engine options that are set for a model, as they would be typed; each can be found in the list, or taken out.
import { ActionIcon, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { useId } from 'react';
import { IconClose } from '../../components/icons';
import { m } from '../../messages';
import { optionWords as words } from '../../messages/options';
import own from './Options.module.css';
import { type Extras, extraText } from './options';

type Props = {
  extras: Extras;
  changed: readonly string[];
  /** Flags that the engine would refuse. */
  wrong: readonly (string | null)[];
  onShow: (flag: string) => void;
  onRemove: (flag: string) => void;
};

const TEXTS = { off: words.setOff, not: words.setNot };

export function SetOptions({ extras, changed, wrong, onShow, onRemove }: Props) {
  const labelId = useId();
  const flags = Object.keys(extras);
  if (flags.length === 0) return null;
  return (
    <div className={own.set}>
      <Text span size="xs" c="dimmed" id={labelId} lh="24px">
        {words.set}
      </Text>
      <ul className={own.chips} aria-labelledby={labelId}>
        {flags.map(flag => (
          <li
            key={flag}
            className={own.chip}
            data-wrong={wrong.includes(flag) || undefined}
            data-pending={changed.includes(flag) || undefined}
          >
            <Tooltip label={changed.includes(flag) ? m.form.onReloadTip : words.show(flag)}>
              <UnstyledButton className={own.chipName} onClick={() => onShow(flag)}>
                {[flag, extraText(extras[flag] ?? null, TEXTS)].filter(Boolean).join(' ')}
              </UnstyledButton>
            </Tooltip>
            <ActionIcon size={20} aria-label={words.remove(flag)} onClick={() => onRemove(flag)}>
              <IconClose size={12} />
            </ActionIcon>
          </li>
        ))}
      </ul>
    </div>
  );
}
