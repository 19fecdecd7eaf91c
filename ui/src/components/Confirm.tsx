// Asks once before something is gone, and names it. Cancel has the focus: Enter by habit does no harm.
import { Button, Group, Modal, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { m } from '../messages';

type Props = {
  title: string;
  children: ReactNode;
  confirm: string;
  /** Instead of “Cancel”, where that could be read as the other answer. */
  keep?: string;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
};

export function Confirm({ title, children, confirm, keep = m.cancel, onConfirm, onClose }: Props) {
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    await onConfirm();
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title={title} withCloseButton={false}>
      <Text component="div" size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
        {children}
      </Text>
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={onClose} data-autofocus>
          {keep}
        </Button>
        <Button color="red" loading={busy} onClick={run}>
          {confirm}
        </Button>
      </Group>
    </Modal>
  );
}
