// Where to reach the models, how to connect a program, what runs, who may use it, and what it says.
import { Button, Group, Select, Skeleton, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { LogView } from '../../components/LogView';
import { Page, Section } from '../../components/Section';
import sectionClasses from '../../components/Section.module.css';
import { m } from '../../messages';
import { useSnapshot } from '../../state/live';
import { useModelLog } from '../../state/log';
import { useModelName, useSettings } from '../../state/queries';
import { type ModelStatus, useActiveStatuses } from '../../state/status';
import { openTab, patchWindow, useWindow } from '../../state/window';
import { baseUrl } from '../status-bar/EndpointPill';
import { AccessSection } from './AccessSection';
import { ActivitySection } from './ActivitySection';
import { EndpointSection } from './EndpointSection';
import { KeysSection } from './KeysSection';
import { LoadingSection } from './LoadingSection';
import { isLoopback } from './loopback';
import { RunningModel } from './RunningModel';
import { Snippets } from './Snippets';
import { useApiKeys } from './serving-queries';

export default function ServerPage() {
  const snapshot = useSnapshot();
  const settings = useSettings().data ?? null;
  const statuses = useActiveStatuses();
  const running = statuses.filter(status => status.state !== 'failed');
  const chosen = useWindow(value => value.modelKey);
  const { apiKeys } = useApiKeys();
  useTarget(snapshot !== null && settings !== null);
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
      <EndpointSection endpoint={snapshot.endpoint} settings={settings} />
      <Section title={m.server.running}>
        {running.length === 0 ? (
          <Group gap="sm">
            <Text c="dimmed">{m.server.runningNone}</Text>
            <Button size="xs" variant="default" onClick={() => openTab('models')}>
              {m.server.openModels}
            </Button>
          </Group>
        ) : (
          <ul className={sectionClasses.rows} style={{ listStyle: 'none', margin: 0, padding: 0 }}>
            {running.map(status => (
              <RunningModel key={status.key} status={status} memory={snapshot.memory} />
            ))}
          </ul>
        )}
      </Section>
      <ActivitySection />
      <Snippets
        url={baseUrl(snapshot.endpoint)}
        running={running}
        chosen={chosen}
        needsKey={apiKeys.length > 0}
      />
      <KeysSection open={settings !== null && !isLoopback(settings.host)} />
      {settings && <AccessSection serving={settings.serving} />}
      {settings && <LoadingSection serving={settings.serving} totalBytes={snapshot.memory.totalBytes} />}
      {statuses.length > 0 && <LogSection statuses={statuses} />}
    </Page>
  );
}

/** Brings the part of the page into view that somebody was sent to. */
function useTarget(there: boolean): void {
  const target = useWindow(value => value.target);
  useEffect(() => {
    const section = there && target ? document.getElementById(`server-${target}`) : null;
    if (!section) return;
    section.scrollIntoView({ block: 'start' });
    section.querySelector<HTMLElement>('input')?.focus({ preventScroll: true });
    patchWindow({ target: null });
  }, [there, target]);
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
  return <LogView log={log} label={m.log.label(name)} name={name} />;
}
