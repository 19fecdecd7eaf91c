// One running model: state, what it is asked, memory as measured and as expected, how long it stays, and a way to stop it.
import { Button, Group, Switch, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import { Meter, memoryParts } from '../../components/Meter';
import { StateMark } from '../../components/StateMark';
import { useNow, useUptime } from '../../components/use-age';
import { failureOf } from '../../errors/app-error';
import { describeFailure } from '../../errors/table';
import { bytes, percent, rateOfTokens, timeAgo, uptime } from '../../format';
import type { Memory, ServerStatus } from '../../ipc/bindings';
import { m } from '../../messages';
import { policyWords } from '../../messages/policy';
import { serverWords as words } from '../../messages/server';
import { stopModel } from '../../state/actions';
import { setPolicy } from '../../state/policy';
import { useModel, useModelName } from '../../state/queries';
import type { ModelStatus } from '../../state/status';
import { useModelTraffic } from '../../state/traffic';
import { openModel } from '../../state/window';
import classes from './Server.module.css';

export function RunningModel({ status, memory }: { status: ModelStatus; memory: Memory }) {
  const name = useModelName()(status.key);
  const { server, state } = status;
  const since = useUptime(server?.startedAt ?? null);
  const starting = state === 'starting';
  const progress = server?.progress ?? null;
  const facts = [starting && progress !== null && percent(progress), since];
  const crash = server?.restarts ? server.lastCrash : null;
  return (
    <li className={classes.running}>
      <div className={classes.who}>
        <UnstyledButton display="block" maw="100%" onClick={() => openModel(status.key, 'parameters')}>
          <Text fw={600} truncate>
            {name}
          </Text>
        </UnstyledButton>
        <Text
          size="xs"
          c="dimmed"
          truncate
          title={[status.key, server?.pid && `${m.server.process} ${server.pid}`]
            .filter(Boolean)
            .join(m.separator)}
        >
          {status.key}
        </Text>
      </div>
      <div className={classes.what}>
        <Group gap={7} wrap="nowrap">
          <StateMark state={state} />
          <Text size="xs" c="dimmed" truncate>
            {facts.filter(Boolean).join(m.separator)}
          </Text>
        </Group>
        {server?.waitingForRoom && (
          <Text size="xs" c="dimmed">
            {words.waitingForRoom}
          </Text>
        )}
        {server && state === 'ready' && <Doing server={server} />}
      </div>
      <MemoryOf server={server} memory={memory} />
      <div className={classes.runActions}>
        {server && <Keep server={server} name={name} />}
        <Button
          size="xs"
          variant="default"
          disabled={state === 'stopping'}
          aria-label={starting ? m.models.cancelName(name) : m.models.stopName(name)}
          onClick={() => void stopModel(status.key, name)}
        >
          {starting ? m.cancel : m.models.stop}
        </Button>
      </div>
      {server && crash && (
        <Text size="xs" c="var(--pd-warn)" className={classes.crash}>
          {words.lastCrash(
            describeFailure(failureOf(crash.failure)).clause,
            timeAgo(crash.at),
            server.restarts,
          )}
        </Text>
      )}
    </li>
  );
}

/** What it is asked now; or how long it has been idle, and when it ends for that. */
function Doing({ server }: { server: ServerStatus }) {
  const { requestsInFlight, requestsWaiting, idleSince } = server;
  const rate = useModelTraffic(server.key)?.tokensPerSecond ?? 0;
  const now = useNow(idleSince === null ? null : 15_000);
  const busy = requestsInFlight + requestsWaiting > 0;
  const facts = server.makingRoom
    ? [words.makingRoom]
    : busy
      ? [
          words.inFlight(requestsInFlight),
          requestsWaiting > 0 && words.waiting(requestsWaiting),
          rate > 0 && words.perSecond(rateOfTokens(rate)),
        ]
      : [idleSince !== null && idleFor(now - idleSince), endsIn(server, now)];
  const text = facts.filter(Boolean).join(m.separator);
  return text ? (
    <Text size="xs" c={busy ? undefined : 'dimmed'} fw={busy ? 600 : undefined}>
      {text}
    </Text>
  ) : null;
}

const idleFor = (age: number) => (age < 60_000 ? words.idleNow : words.idle(uptime(age)));

/** `ends in 12 min`; nothing for what stays. */
export function endsIn(
  server: Pick<ServerStatus, 'idleSince' | 'ttlSeconds' | 'keepLoaded'>,
  now: number,
): string | null {
  const { idleSince, ttlSeconds, keepLoaded } = server;
  if (keepLoaded || idleSince === null || ttlSeconds < 0) return null;
  const left = idleSince + ttlSeconds * 1000 - now;
  return left < 60_000 ? words.endsSoon : words.endsIn(uptime(left));
}

function MemoryOf({ server, memory }: { server: ServerStatus | null; memory: Memory }) {
  const measured = server?.memory.measuredBytes ?? null;
  const predicted = server?.memory.predictedBytes ?? null;
  const { ours, others } = memoryParts(memory);
  const text =
    measured === null
      ? m.status.measuring
      : predicted === null
        ? bytes(measured)
        : words.memoryOf(bytes(measured), bytes(predicted));
  return (
    <div className={classes.memory}>
      <Text size="xs" c="dimmed">
        {text}
      </Text>
      <Meter
        height={6}
        total={memory.totalBytes}
        label={`${m.server.memory}: ${text}`}
        parts={[
          { bytes: measured ?? 0, color: 'var(--pd-meter-ours)' },
          { bytes: Math.max(0, ours + others - (measured ?? 0)), color: 'var(--pd-meter-others)' },
        ]}
      />
    </div>
  );
}

function Keep({ server, name }: { server: ServerStatus; name: string }) {
  const model = useModel(server.key);
  const [busy, setBusy] = useState(false);
  if (!model) return null;
  const keep = async (keepLoaded: boolean) => {
    setBusy(true);
    await setPolicy(model, { ...model.policy, keepLoaded });
    setBusy(false);
  };
  return (
    <Tooltip label={policyWords.keepHelp}>
      <div>
        <Switch
          size="xs"
          label={policyWords.keep}
          aria-label={words.keepName(name)}
          checked={model.policy.keepLoaded}
          disabled={busy}
          onChange={event => void keep(event.currentTarget.checked)}
        />
      </div>
    </Tooltip>
  );
}
