// Where the endpoint is: its address with a button to copy, the port, and whether other computers may use it.
import { Button, Group, NumberInput, Switch, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { CopyButton } from '../../components/CopyButton';
import { FactRow } from '../../components/Facts';
import { Note } from '../../components/Note';
import { Rows, Section } from '../../components/Section';
import { SettingRow } from '../../components/SettingRow';
import { StateMark } from '../../components/StateMark';
import { AppError } from '../../errors/app-error';
import { asSentence, describeFailure } from '../../errors/table';
import type { Endpoint, Settings } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { m } from '../../messages';
import { serverWords as words } from '../../messages/server';
import { refreshLive } from '../../state/live';
import { baseUrl } from '../status-bar/EndpointPill';
import { isLoopback, isLoopbackUrl } from './loopback';
import { NewKeyDialog } from './NewKeyDialog';
import { changeEndpoint, keepSettings, useApiKeys } from './serving-queries';

/** Those below are the system's. */
const LOWEST_PORT = 1024;
const HIGHEST_PORT = 65_535;

const ONLY_HERE = '127.0.0.1';
const EVERYWHERE = '0.0.0.0';

export function EndpointSection({ endpoint, settings }: { endpoint: Endpoint; settings: Settings | null }) {
  const url = baseUrl(endpoint);
  // It listens, and not where it was told to: without a key, other computers do not come in.
  const narrowed = endpoint.listening && endpoint.error !== null;
  // The URL is how this computer reaches it, whoever else may.
  const onlyHere = narrowed || (settings ? isLoopback(settings.host) : isLoopbackUrl(endpoint.url));
  return (
    <Section id="server-endpoint" title={m.server.endpointTitle} body={m.server.endpointBody}>
      {!endpoint.listening && (
        <div style={{ marginBottom: 10 }}>
          <Note kind="bad" title={asSentence(endpoint.error ?? m.server.down)}>
            {m.server.downBody}
          </Note>
        </div>
      )}
      {narrowed && (
        <div style={{ marginBottom: 10 }}>
          <Note kind="warn" title={asSentence(endpoint.error ?? '')} />
        </div>
      )}
      <Rows>
        <Group justify="space-between" gap="md">
          <FactRow facts={[{ label: m.server.baseUrl, value: url, copy: url, mono: true }]} />
          {endpoint.listening && (
            <Group gap="sm">
              <StateMark state="ready" word={m.server.listening} />
              <Text c="dimmed">{onlyHere ? m.server.onlyHere : m.server.open}</Text>
            </Group>
          )}
        </Group>
        {settings && <Port settings={settings} />}
        {settings && <OtherComputers settings={settings} narrowed={narrowed} />}
      </Rows>
    </Section>
  );
}

function Port({ settings }: { settings: Settings }) {
  const [typed, setTyped] = useState<number | string>(settings.port);
  const save = useMutation({
    mutationFn: (port: number) => client.setEndpoint({ port }),
    onSuccess: keepSettings,
    onSettled: refreshLive,
  });
  const port = Number(typed);
  const valid = Number.isInteger(port) && port >= LOWEST_PORT && port <= HIGHEST_PORT;
  const changed = port !== settings.port;
  const failure = save.error ? describeFailure(AppError.unexpected(save.error)) : null;
  const refused = failure && `${asSentence(failure.clause)} ${failure.hint}`;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (valid && changed) save.mutate(port);
  };
  return (
    <form onSubmit={submit}>
      <SettingRow
        id="server-port"
        label={words.port}
        help={!valid ? m.settings.portInvalid : (refused ?? m.settings.portHelp)}
        bad={!valid || refused !== null}
        told={refused !== null}
      >
        <Group gap="xs">
          <NumberInput
            id="server-port"
            w={96}
            value={typed}
            onChange={value => {
              setTyped(value);
              save.reset();
            }}
            allowDecimal={false}
            allowNegative={false}
            clampBehavior="none"
            min={LOWEST_PORT}
            max={HIGHEST_PORT}
            maxLength={6}
            hideControls
            error={!valid || refused !== null}
            aria-describedby="server-port-help"
          />
          {changed && (
            <Button type="submit" disabled={!valid} loading={save.isPending}>
              {m.settings.portSave}
            </Button>
          )}
        </Group>
      </SettingRow>
    </form>
  );
}

/** Opening the endpoint needs a key; where there is none, it is made in the same step. */
function OtherComputers({ settings, narrowed }: { settings: Settings; narrowed: boolean }) {
  const { apiKeys, isSuccess } = useApiKeys();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const open = !isLoopback(settings.host);
  const address = settings.serving.networkAddress;
  const listen = async (host: string) => {
    setBusy(true);
    await changeEndpoint({ host });
    setBusy(false);
  };
  const toggle = (wanted: boolean) => {
    if (wanted && apiKeys.length === 0) setAsking(true);
    else void listen(wanted ? EVERYWHERE : ONLY_HERE);
  };
  const url = address && `http://${address}:${settings.port}/v1`;
  const help = narrowed ? words.lanNarrowed : words.lanOn;
  return (
    <>
      <SettingRow id="server-lan" label={words.lan} help={open ? help : words.lanOff}>
        <Group gap="md" mih={30}>
          <Switch
            id="server-lan"
            label={words.lanLabel}
            checked={open}
            disabled={busy || !isSuccess}
            onChange={event => toggle(event.currentTarget.checked)}
            aria-describedby="server-lan-help"
          />
        </Group>
        {open && !narrowed && (
          <Group gap={4} mt={2}>
            <Text span c="dimmed">
              {url ? words.forOthers : words.noNetwork}
            </Text>
            {url && (
              <>
                <Text span ff="monospace" size="xs" data-selectable>
                  {url}
                </Text>
                <CopyButton text={url} what={words.copyOthers} />
              </>
            )}
          </Group>
        )}
      </SettingRow>
      {asking && (
        <NewKeyDialog
          title={words.lanKeyTitle}
          body={words.lanKeyBody}
          confirm={words.lanKeyMake}
          onMade={() => listen(EVERYWHERE)}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
