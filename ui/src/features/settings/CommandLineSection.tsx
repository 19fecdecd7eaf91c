// The `paddock` command: whether shells find it, and the way to have it or be rid of it.
import { Button, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Rows, Section } from '../../components/Section';
import { client } from '../../ipc/client';
import { m } from '../../messages';
import { attempt } from '../../state/actions';
import { keys, queryClient } from '../../state/queries';

const words = m.settings;

export function CommandLineSection() {
  const status = useQuery({ queryKey: keys.commandLine, queryFn: client.commandLineStatus }).data;
  const [busy, setBusy] = useState(false);
  if (!status) return null;
  const { program, place, installed, ours, onPath, blocked } = status;
  const change = async (what: string, command: typeof client.installCommandLine) => {
    setBusy(true);
    const after = await attempt(what, command);
    setBusy(false);
    if (after) queryClient.setQueryData(keys.commandLine, after);
  };
  const note = blocked
    ? words.cliBlocked
    : !installed && program === null
      ? words.cliNotPacked
      : ours && !onPath
        ? words.cliOffPath
        : null;
  return (
    <Section title={words.commandLine} body={words.commandLineBody}>
      <Rows>
        <Group justify="space-between" gap="md" wrap="nowrap" mih={44}>
          <div style={{ minWidth: 0 }}>
            <Text style={{ overflowWrap: 'anywhere' }}>
              {installed || ours ? words.cliInstalled(place) : words.cliNotInstalled(place)}
            </Text>
            {note && (
              <Text size="xs" c="var(--pd-warn)">
                {note}
              </Text>
            )}
          </div>
          {ours ? (
            <Button
              variant="default"
              flex="none"
              loading={busy}
              onClick={() => void change(m.doing.removeCli, client.removeCommandLine)}
            >
              {words.cliRemove}
            </Button>
          ) : (
            !installed && (
              <Button
                variant="default"
                flex="none"
                loading={busy}
                disabled={blocked || program === null}
                onClick={() => void change(m.doing.installCli, client.installCommandLine)}
              >
                {words.cliInstall}
              </Button>
            )
          )}
        </Group>
      </Rows>
    </Section>
  );
}
