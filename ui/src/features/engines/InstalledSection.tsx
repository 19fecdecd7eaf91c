// The engines on this machine: use one, remove one, go back to the one before.
import { ActionIcon, Button, Group, Menu, Text } from '@mantine/core';
import { useState } from 'react';
import { Confirm } from '../../components/Confirm';
import { copyText } from '../../components/clipboard';
import { IconAddFile, IconCopy, IconMore, IconRemove, IconRollBack } from '../../components/icons';
import { Rows, Section } from '../../components/Section';
import { Tag } from '../../components/Tag';
import { asSentence } from '../../errors/table';
import { bytes } from '../../format';
import type { EngineRow } from '../../ipc/bindings';
import { m } from '../../messages';
import { engineWords as words } from '../../messages/engines';
import { chooseEngine, pickEngine } from '../../state/actions';
import { removeEngine, rollBack } from './actions';
import { ConditionMark } from './ConditionMark';
import classes from './Engines.module.css';
import { conditionOf, rollBackTarget } from './view';

export function InstalledSection({ engines }: { engines: readonly EngineRow[] }) {
  const [busy, setBusy] = useState<string | null>(null);
  const [removing, setRemoving] = useState<EngineRow | null>(null);
  const back = rollBackTarget(engines);
  const during = async (name: string, run: () => Promise<unknown>) => {
    setBusy(name);
    await run();
    setBusy(null);
  };
  return (
    <Section
      title={words.installed}
      body={words.installedBody}
      action={
        <Group gap="xs" justify="flex-end">
          {back && (
            <Button
              variant="default"
              leftSection={<IconRollBack size={15} />}
              loading={busy === 'back'}
              onClick={() => void during('back', () => rollBack(back.name))}
            >
              {words.rollBack(back.name)}
            </Button>
          )}
          <Button
            variant="default"
            leftSection={<IconAddFile size={15} />}
            loading={busy === 'pick'}
            onClick={() => void during('pick', pickEngine)}
          >
            {words.pick}
          </Button>
        </Group>
      }
    >
      <Rows>
        {engines.map(engine => (
          <Row
            key={engine.name}
            engine={engine}
            busy={busy === `use ${engine.name}`}
            blocked={busy !== null}
            onUse={() => void during(`use ${engine.name}`, () => chooseEngine(engine.name))}
            onRemove={() => setRemoving(engine)}
          />
        ))}
      </Rows>
      {removing && (
        <Confirm
          title={words.removeTitle(removing.name)}
          confirm={words.removeConfirm}
          onConfirm={() => removeEngine(removing.name)}
          onClose={() => setRemoving(null)}
        >
          {removing.source === 'paddock'
            ? words.removeBody(bytes(removing.sizeBytes ?? 0))
            : words.removeBodyAdded}{' '}
          {removing.pinnedBy > 0 && words.removePinned(removing.pinnedBy)}
          <Text size="xs" mt="xs" ff="monospace">
            {removing.path}
          </Text>
        </Confirm>
      )}
    </Section>
  );
}

type RowProps = {
  engine: EngineRow;
  busy: boolean;
  blocked: boolean;
  onUse: () => void;
  onRemove: () => void;
};

function Row({ engine, busy, blocked, onUse, onRemove }: RowProps) {
  const condition = conditionOf(engine);
  const why =
    condition === 'missing'
      ? words.missingWhy
      : condition === 'failed'
        ? asSentence(engine.problem ?? '')
        : condition === 'unproved' && !engine.current
          ? words.unprovedWhy
          : '';
  const facts = [
    words.sources[engine.source],
    engine.sizeBytes !== null && bytes(engine.sizeBytes),
    engine.pinnedBy > 0 && words.pinnedBy(engine.pinnedBy),
  ].filter(Boolean);
  return (
    <article className={classes.row} aria-label={engine.name}>
      <div style={{ minWidth: 0 }}>
        <Group gap={8} wrap="nowrap" miw={0}>
          <Text span fw={600} truncate c={engine.present ? undefined : 'dimmed'} title={engine.path}>
            {engine.name}
          </Text>
          {engine.build && engine.build !== engine.name && !engine.name.startsWith(engine.build) && (
            <Tag>{engine.build}</Tag>
          )}
        </Group>
        <Text size="xs" c="dimmed" truncate>
          {facts.join(m.separator)}
        </Text>
        {why && (
          <Text
            size="xs"
            c={condition === 'failed' ? 'var(--pd-bad)' : 'dimmed'}
            style={{ overflowWrap: 'anywhere' }}
            data-selectable
          >
            {why}
          </Text>
        )}
      </div>
      <ConditionMark condition={condition} />
      <div className={classes.rowButton}>
        {engine.current ? (
          <Text span size="sm" fw={600} c="var(--mantine-color-green-light-color)">
            {words.inUse}
          </Text>
        ) : (
          engine.present && (
            <Button
              size="xs"
              variant="default"
              loading={busy}
              disabled={blocked && !busy}
              aria-label={words.switchTo(engine.name)}
              onClick={onUse}
            >
              {words.use}
            </Button>
          )
        )}
      </div>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon size="xs" aria-label={m.models.moreFor(engine.name)}>
            <IconMore size={15} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconCopy size={15} />} onClick={() => void copyText(engine.path)}>
            {m.models.copyPath}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item
            color="red"
            leftSection={<IconRemove size={15} />}
            disabled={engine.current || engine.source === 'path' || engine.source === 'packed'}
            onClick={onRemove}
          >
            {words.remove}
          </Menu.Item>
          {engine.source === 'packed' ? (
            <Menu.Label maw={220}>{words.removePacked}</Menu.Label>
          ) : (
            engine.current && <Menu.Label maw={220}>{words.removeCurrent}</Menu.Label>
          )}
        </Menu.Dropdown>
      </Menu>
    </article>
  );
}
