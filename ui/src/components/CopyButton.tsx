// Copies, and says that it did by changing its icon for a moment.
import { ActionIcon, Button, type MantineSize, Tooltip } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { m } from '../messages';
import { copyText } from './clipboard';
import { IconCheck, IconCopy } from './icons';

type Props = {
  text: string | (() => string | Promise<string | null>);
  what: string;
  size?: MantineSize;
  word?: string;
};

export function CopyButton({ text, what, size = 'xs', word }: Props) {
  const [copied, setCopied] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  const copy = async () => {
    if (!(await copyText(typeof text === 'string' ? text : text()))) return;
    setCopied(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setCopied(false), 1500);
  };
  const icon = copied ? <IconCheck size={14} color="var(--pd-accent)" /> : <IconCopy size={14} />;
  const label = copied ? m.copied : m.copyWhat(what);
  if (word) {
    return (
      <Button variant="default" size={size} leftSection={icon} onClick={copy} aria-label={label}>
        {copied ? m.copied : word}
      </Button>
    );
  }
  return (
    <Tooltip label={label} closeDelay={copied ? 800 : 0}>
      <ActionIcon size={size} onClick={copy} aria-label={label} style={{ flex: 'none' }}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
