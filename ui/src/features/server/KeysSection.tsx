// The keys: names, last characters, rights. The keys themselves are shown once, when they are made.
import { ActionIcon, Button, Text, Tooltip } from '@mantine/core';
import { useState } from 'react';
import { Confirm } from '../../components/Confirm';
import { IconKey, IconRemove } from '../../components/icons';
import { Rows, Section } from '../../components/Section';
import { Tag } from '../../components/Tag';
import { daysAgo } from '../../format';
import type { ApiKey } from '../../ipc/bindings';
import { m } from '../../messages';
import { serverWords as words } from '../../messages/server';
import { NewKeyDialog } from './NewKeyDialog';
import classes from './Server.module.css';
import { removeKey, useApiKeys } from './serving-queries';

export function KeysSection({ open }: { open: boolean }) {
  const { apiKeys, isSuccess } = useApiKeys();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<ApiKey | null>(null);
  const last = apiKeys.length === 1;
  return (
    <Section
      id="server-keys"
      title={words.keys}
      body={words.keysBody}
      action={
        <Button variant="default" leftSection={<IconKey size={15} />} onClick={() => setAdding(true)}>
          {words.addKey}
        </Button>
      }
    >
      {isSuccess && apiKeys.length === 0 && <Text c="dimmed">{words.keysNone}</Text>}
      {apiKeys.length > 0 && (
        <Rows>
          {apiKeys.map(key => (
            <div key={key.name} className={classes.key}>
              <IconKey size={15} color="var(--mantine-color-dimmed)" style={{ flex: 'none' }} aria-hidden />
              <Text span fw={600} truncate>
                {key.name}
              </Text>
              {key.manage && <Tag>{words.manage}</Tag>}
              <Text span size="xs" c="dimmed" className={classes.keyFacts}>
                {[
                  key.lastFour && words.keyEnd(key.lastFour),
                  key.createdAt > 0 && words.keyMade(daysAgo(key.createdAt)),
                ]
                  .filter(Boolean)
                  .join(m.separator)}
              </Text>
              <Tooltip label={words.removeKey(key.name)}>
                <ActionIcon size="xs" aria-label={words.removeKey(key.name)} onClick={() => setRemoving(key)}>
                  <IconRemove size={15} />
                </ActionIcon>
              </Tooltip>
            </div>
          ))}
        </Rows>
      )}
      {adding && (
        <NewKeyDialog
          title={words.addKeyTitle}
          body={apiKeys.length === 0 ? words.keyFirst : undefined}
          confirm={words.makeKey}
          onClose={() => setAdding(false)}
        />
      )}
      {removing && (
        <Confirm
          title={words.removeKeyTitle(removing.name)}
          confirm={words.removeKeyConfirm}
          onConfirm={() => removeKey(removing.name)}
          onClose={() => setRemoving(null)}
        >
          {words.removeKeyBody} {last && (open ? words.removeLastOpen : words.removeLast)}
        </Confirm>
      )}
    </Section>
  );
}
