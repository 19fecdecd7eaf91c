// Where to reach the models, how to connect a program, what runs, and what it says.
import { Button, Group, Select, Skeleton, Text } from '@mantine/core';
import { useState } from 'react';
import { FactRow } from '../../components/Facts';
import { LogView } from '../../components/LogView';
import { Note } from '../../components/Note';
import { Page, Rows, Section } from '../../components/Section';
import { StateMark } from '../../components/StateMark';
import { asSentence } from '../../errors/table';
import type { Endpoint } from '../../ipc/bindings';
import { m } from '../../messages';
import { useSnapshot } from '../../state/live';
import { useModelLog } from '../../state/log';
import { useModelName } from '../../state/queries';
import { type ModelStatus, useActiveStatuses } from '../../state/status';
import { openSettings, openTab, useWindow } from '../../state/window';
import { baseUrl } from '../status-bar/EndpointPill';
import { isLoopbackUrl } from './loopback';
import { RunningModel } from './RunningModel';
import { Snippets } from './Snippets';

export default function ServerPage() {
  const snapshot = useSnapshot();
  const statuses = useActiveStatuses();
  const running = statuses.filter(status => status.state !== 'failed');
  const chosen = useWindow(value => value.modelKey);
  if (!snapshot) {
    return (
      <Page label={m.server.title}>
        <Skeleton h={14} w={180} mb="md" />
        <Skeleton h={70} />
      </Page>
    );
  }
  return (
    <Page label={m.server.title}>
      <EndpointSection endpoint={snapshot.endpoint} />
      <Section title={m.server.running}>
        {running.length === 0 ? (
          <Group gap="sm">
            <Text c="dimmed">{m.server.runningNone}</Text>
            <Button size="xs" variant="default" onClick={() => openTab('models')}>
              {m.server.openModels}
            </Button>
          </Group>
        ) : (
          <Rows>
            {running.map(status => (
              <RunningModel key={status.key} status={status} memory={snapshot.memory} />
            ))}
          </Rows>
        )}
      </Section>
      <Snippets
        url={baseUrl(snapshot.endpoint)}
        running={running.map(status => status.key)}
        chosen={chosen}
      />
      {statuses.length > 0 && <LogSection statuses={statuses} />}
    </Page>
  );
}

function EndpointSection({ endpoint }: { endpoint: Endpoint }) {
  const url = baseUrl(endpoint);
  return (
    <Section title={m.server.endpointTitle} body={m.server.endpointBody}>
      {endpoint.listening ? (
        <Rows>
          <Group justify="space-between" gap="md">
            <FactRow facts={[{ label: m.server.baseUrl, value: url, copy: url, mono: true }]} />
            <Group gap="sm">
              <StateMark state="ready" word={m.server.listening} />
              <Text c="dimmed">{isLoopbackUrl(endpoint.url) ? m.server.onlyHere : m.server.open}</Text>
            </Group>
          </Group>
        </Rows>
      ) : (
        <Note
          kind="bad"
          title={asSentence(endpoint.error ?? m.server.down)}
          action={
            <Button size="sm" onClick={() => openSettings('server')}>
              {m.server.changePort}
            </Button>
          }
        >
          {m.server.downBody}
        </Note>
      )}
    </Section>
  );
}

function LogSection({ statuses }: { statuses: ModelStatus[] }) {
  const nameOf = useModelName();
  const [chosen, setChosen] = useState<string | null>(null);
  const status = statuses.find(candidate => candidate.key === chosen) ?? statuses[0];
  return (
    <Section
      title={m.server.log}
      grow
      action={
        statuses.length > 1 && (
          <Select
            w={220}
            aria-label={m.server.logOf}
            allowDeselect={false}
            value={status?.key ?? null}
            onChange={setChosen}
            data={statuses.map(({ key }) => ({ value: key, label: nameOf(key) }))}
          />
        )
      }
    >
      {status && (
        <ModelLog modelKey={status.key} run={status.server?.startedAt ?? null} name={nameOf(status.key)} />
      )}
    </Section>
  );
}

function ModelLog({ modelKey, run, name }: { modelKey: string; run: number | null; name: string }) {
  const log = useModelLog(modelKey, run);
  return <LogView log={log} label={m.log.label(name)} />;
}
