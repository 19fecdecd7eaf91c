// The engine in use: what it is and what it found here; without one, the one to install.
import { Button, Group, Loader, Skeleton, Text } from '@mantine/core';
import { EmptyState } from '../../components/EmptyState';
import { FactRow } from '../../components/Facts';
import { IconAddFile, IconDevice, IconEngine } from '../../components/icons';
import { Meter } from '../../components/Meter';
import { Note } from '../../components/Note';
import { Rows, Section } from '../../components/Section';
import { Tag } from '../../components/Tag';
import { AppError } from '../../errors/app-error';
import { asSentence, describeFailure } from '../../errors/table';
import { bytes, gigabytes, grouped } from '../../format';
import type { AvailableEngines, EngineDevice, EngineRow } from '../../ipc/bindings';
import { engineWords as words } from '../../messages/engines';
import { pickEngine } from '../../state/actions';
import { isInstalling, useEngineJob } from '../../state/engine-job';
import { installEngine } from './actions';
import { ConditionMark } from './ConditionMark';
import classes from './Engines.module.css';
import { FailedInstall } from './FailedInstall';
import { useFailedJob } from './failed-job';
import { InstallProgress } from './InstallProgress';
import { useEngineDetails } from './queries';
import { conditionOf } from './view';

type Props = { engine: EngineRow | null; available: AvailableEngines | null };

export function CurrentSection({ engine, available }: Props) {
  const failed = useFailedJob();
  return (
    <Section title={words.current} body={words.currentBody}>
      <Rows>
        {engine ? <Head engine={engine} /> : <NoEngine available={available} />}
        {engine?.present && <Found engine={engine} />}
      </Rows>
      {failed && (
        <div style={{ marginTop: 10 }}>
          <FailedInstall key={failed.id} job={failed} current={engine} />
        </div>
      )}
      {engine && available?.updateAvailable && failed?.build !== available.updateAvailable && (
        <Update engine={engine} build={available.updateAvailable} />
      )}
    </Section>
  );
}

function Head({ engine }: { engine: EngineRow }) {
  const { data } = useEngineDetails(engine);
  const condition = conditionOf(engine);
  const version = data?.version ?? engine.build;
  return (
    <div className={classes.current}>
      <Group gap={8} wrap="nowrap" justify="space-between">
        <Group gap={8} wrap="nowrap" miw={0}>
          <IconEngine size={18} stroke={1.6} color="var(--pd-accent)" style={{ flex: 'none' }} aria-hidden />
          <Text fw={600} size="md" truncate data-selectable>
            {engine.name}
          </Text>
          <Tag>{words.sources[engine.source]}</Tag>
        </Group>
        <ConditionMark condition={condition} />
      </Group>
      {(engine.problem || condition === 'missing') && (
        <Text size="sm" c={condition === 'missing' ? 'var(--pd-warn)' : 'var(--pd-bad)'}>
          {condition === 'missing' ? words.missingWhy : asSentence(engine.problem ?? '')}
        </Text>
      )}
      <FactRow
        facts={[
          ...(version ? [{ label: words.facts.version, value: version }] : []),
          ...(data
            ? [{ label: words.facts.options, value: words.optionCount(grouped(data.flagCount)) }]
            : []),
          { label: words.facts.path, value: engine.path, copy: engine.path, mono: true },
        ]}
      />
    </div>
  );
}

function Found({ engine }: { engine: EngineRow }) {
  const details = useEngineDetails(engine);
  const failure = details.error ? describeFailure(AppError.unexpected(details.error)) : null;
  return (
    <div className={classes.found} aria-busy={details.isPending || undefined}>
      <Group gap={8}>
        <Text size="xs" c="dimmed">
          {words.found}
        </Text>
        {details.isPending && <Loader size={11} color="gray" aria-label={words.asking} />}
      </Group>
      {details.isPending && <Skeleton h={20} w="70%" my={4} />}
      {failure && (
        <Text size="sm" c="dimmed" data-selectable>
          {words.detailsFailed(failure.clause)} {failure.hint}
        </Text>
      )}
      {details.data?.devices.length === 0 && <Text size="sm">{words.onlyCpu}</Text>}
      {details.data?.devices.map(device => (
        <Device key={device.name} device={device} />
      ))}
    </div>
  );
}

function Device({ device }: { device: EngineDevice }) {
  const { name, description, totalBytes, freeBytes } = device;
  const known = totalBytes !== null && freeBytes !== null && totalBytes > 0;
  const memory = known
    ? words.deviceFree(`${gigabytes(freeBytes)} GB`, bytes(totalBytes))
    : totalBytes !== null && bytes(totalBytes);
  return (
    <div className={classes.device}>
      <IconDevice size={16} stroke={1.5} color="var(--mantine-color-dimmed)" aria-hidden />
      <Text truncate title={description} data-selectable>
        {description}
      </Text>
      <Tag>{name}</Tag>
      <div className={classes.deviceMeter}>
        {known && (
          <Meter
            height={6}
            total={totalBytes}
            label={`${description}: ${memory}`}
            parts={[{ bytes: totalBytes - freeBytes, color: 'var(--pd-meter-others)' }]}
          />
        )}
      </div>
      <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
        {memory}
      </Text>
    </div>
  );
}

function NoEngine({ available }: { available: AvailableEngines | null }) {
  const job = useEngineJob();
  const best = available?.variants.find(variant => variant.recommended && variant.works);
  const build = available?.builds.find(one => one.newest) ?? available?.builds[0];
  if (isInstalling(job)) {
    return (
      <div className={classes.current}>
        <InstallProgress job={job} wide />
      </div>
    );
  }
  return (
    <EmptyState
      icon={<IconEngine size={28} stroke={1.2} />}
      title={words.noneTitle}
      note={best ? available?.sentence : undefined}
      action={
        <Group gap="xs" justify="center">
          {best && build && (
            <Button onClick={() => void installEngine(build.tag, best.id)}>
              {words.noneInstall(best.label, bytes(best.sizeBytes))}
            </Button>
          )}
          <Button
            variant={best ? 'default' : 'filled'}
            leftSection={<IconAddFile size={15} />}
            onClick={() => void pickEngine()}
          >
            {words.pick}
          </Button>
        </Group>
      }
    >
      {words.noneBody}
    </EmptyState>
  );
}

/** Offered, never forced. */
function Update({ engine, build }: { engine: EngineRow; build: string }) {
  const job = useEngineJob();
  const installing = isInstalling(job);
  if (installing && job.build === build) {
    return (
      <div style={{ marginTop: 10 }}>
        <Rows>
          <InstallProgress job={job} />
        </Rows>
      </div>
    );
  }
  return (
    <div style={{ marginTop: 10 }}>
      <Note
        kind="info"
        title={words.updateTitle(build)}
        action={
          <Button
            size="xs"
            variant="default"
            disabled={installing}
            onClick={() => void installEngine(build, engine.variant)}
          >
            {words.updateButton(build)}
          </Button>
        }
      >
        {words.updateBody(engine.name)}
      </Note>
    </div>
  );
}
