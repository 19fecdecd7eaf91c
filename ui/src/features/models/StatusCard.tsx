// What the chosen model is doing, in every state: word, facts, what can be done.
import { Group, Progress, Text } from '@mantine/core';
import { FactRow } from '../../components/Facts';
import { Meter, memoryParts } from '../../components/Meter';
import { Note } from '../../components/Note';
import { StateMark } from '../../components/StateMark';
import { elapsedText, useElapsed, useUptime } from '../../components/use-age';
import { asSentence } from '../../errors/table';
import { bytes, gigabytes, percent } from '../../format';
import type { Memory, Model } from '../../ipc/bindings';
import { m } from '../../messages';
import { installProgress, isInstalling, useEngineJob } from '../../state/engine-job';
import { useSnapshot } from '../../state/live';
import type { ModelStatus } from '../../state/status';
import { baseUrl } from '../status-bar/EndpointPill';
import { FailedCard } from './FailedCard';
import classes from './Models.module.css';
import { PlacementFacts } from './PlacementFacts';

export function StatusCard({ model, status }: { model: Model; status: ModelStatus }) {
  switch (status.state) {
    case 'stopped':
      return <Stopped model={model} />;
    case 'starting':
      return <Starting model={model} status={status} />;
    case 'ready':
      return <Ready model={model} status={status} />;
    case 'stopping':
      return (
        <section className={classes.card} data-state="stopping" aria-label={m.status.label}>
          <Group gap="sm">
            <StateMark state="stopping" />
            <Text c="dimmed">{m.status.stoppingNote}</Text>
          </Group>
        </section>
      );
    case 'failed':
      return <FailedCard model={model} status={status} />;
  }
}

function Stopped({ model }: { model: Model }) {
  const free = useSnapshot()?.memory.availableBytes ?? null;
  if (!model.present) {
    return (
      <Note kind="warn" title={m.status.missingTitle(model.name)}>
        {m.status.missingBody(model.path)}
      </Note>
    );
  }
  if (model.problem) {
    return (
      <Note kind="bad" title={m.status.brokenTitle(model.name)}>
        {asSentence(model.problem)}
      </Note>
    );
  }
  const larger = free !== null && model.sizeBytes !== null && model.sizeBytes > free;
  return (
    <section className={classes.card} data-state="stopped" aria-label={m.status.label}>
      <Group gap="sm">
        <StateMark state="stopped" />
        <Text c="dimmed">
          {[
            model.sizeBytes !== null && m.status.size(bytes(model.sizeBytes)),
            free !== null && m.status.free(bytes(free)),
          ]
            .filter(Boolean)
            .join(m.separator)}
        </Text>
      </Group>
      {larger && (
        <Text size="sm" c="var(--pd-warn)">
          {m.status.larger(bytes(free))}
        </Text>
      )}
    </section>
  );
}

const SLOW_MILLISECONDS = 20_000;

function Starting({ model, status }: { model: Model; status: ModelStatus }) {
  const elapsed = useElapsed(status.server?.startedAt ?? null);
  const job = useEngineJob();
  // Without an engine, one is installed first.
  const installing = isInstalling(job) ? job : null;
  const progress = installing ? installProgress(installing) : (status.server?.progress ?? null);
  return (
    <section className={classes.card} data-state="starting" aria-label={m.status.label}>
      <Group gap="sm" justify="space-between">
        <Group gap="sm">
          <StateMark state="starting" />
          {(installing || model.sizeBytes !== null) && (
            <Text c="dimmed">{installing?.step ?? m.status.loadingBytes(bytes(model.sizeBytes ?? 0))}</Text>
          )}
        </Group>
        <Text c="dimmed">
          {[progress !== null && percent(progress), elapsedText(elapsed)].filter(Boolean).join(m.separator)}
        </Text>
      </Group>
      {progress !== null && (
        <Progress
          value={progress * 100}
          size={4}
          transitionDuration={200}
          aria-label={m.status.progressLabel(model.name)}
        />
      )}
      {!installing && elapsed !== null && elapsed > SLOW_MILLISECONDS && (
        <Text size="xs" c="dimmed">
          {m.status.takesWhile}
        </Text>
      )}
    </section>
  );
}

function Ready({ model, status }: { model: Model; status: ModelStatus }) {
  const snapshot = useSnapshot();
  const since = useUptime(status.server?.startedAt ?? null);
  const server = status.server;
  if (!snapshot || !server) return null;
  const url = server.endpoint ? `${server.endpoint}/v1` : baseUrl(snapshot.endpoint);
  return (
    <section className={classes.card} data-state="ready" aria-label={m.status.label}>
      <Group gap="sm" justify="space-between" wrap="nowrap">
        <Group gap="sm" wrap="nowrap">
          <StateMark state="ready" />
          {since && (
            <Text c="dimmed" style={{ whiteSpace: 'nowrap' }}>
              {since}
            </Text>
          )}
        </Group>
        <MemoryNow status={status} memory={snapshot.memory} />
      </Group>
      <FactRow
        facts={[
          { label: m.status.endpoint, value: url, copy: url, mono: true },
          { label: m.status.model, value: model.key, copy: model.key, mono: true },
          ...(server.pid === null
            ? []
            : [{ label: m.status.process, value: String(server.pid), mono: true }]),
        ]}
      />
      {server.placement && <PlacementFacts placement={server.placement} />}
    </section>
  );
}

/** This model's memory beside that of everything else. */
function MemoryNow({ status, memory }: { status: ModelStatus; memory: Memory }) {
  const measured = status.server?.memory.measuredBytes ?? null;
  const predicted = status.server?.memory.predictedBytes ?? null;
  const { ours, others } = memoryParts(memory);
  const rest = Math.max(0, ours + others - (measured ?? 0));
  const words = measured === null ? m.status.measuring : bytes(measured);
  return (
    <Group gap={8} wrap="nowrap" miw={0}>
      <Text span c="dimmed">
        {m.status.memory}
      </Text>
      <Text span fw={600} style={{ whiteSpace: 'nowrap' }}>
        {words}
      </Text>
      {predicted !== null && (
        <Text span c="dimmed" truncate>
          {m.status.predicted(bytes(predicted))}
        </Text>
      )}
      <div style={{ width: 90, flex: 'none' }}>
        <Meter
          height={6}
          total={memory.totalBytes}
          label={`${m.status.memory}: ${words}, ${m.statusBar.memoryFree(gigabytes(memory.availableBytes))}`}
          parts={[
            { bytes: measured ?? 0, color: 'var(--pd-meter-ours)' },
            { bytes: rest, color: 'var(--pd-meter-others)' },
          ]}
        />
      </div>
    </Group>
  );
}
