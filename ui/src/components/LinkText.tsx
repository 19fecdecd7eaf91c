// An address outside the window. The window opens no other pages, so it is shown in full and can be copied.
import { Text } from '@mantine/core';
import { CopyButton } from './CopyButton';

export function LinkText({ url, what }: { url: string; what: string }) {
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: 2, minWidth: 0, maxWidth: '100%' }}>
      <Text span size="xs" ff="monospace" c="dimmed" truncate title={url} data-selectable>
        {url.replace(/^https:\/\//, '')}
      </Text>
      <CopyButton text={url} what={what} />
    </span>
  );
}
