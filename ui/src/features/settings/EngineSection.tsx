// Which engine runs the models; choosing, installing and removing is done on the Engines page.
import { Button, Group, Text } from '@mantine/core';
import { IconEngine, IconWarning } from '../../components/icons';
import { Rows, Section } from '../../components/Section';
import { m } from '../../messages';
import { openTab } from '../../state/window';
import { useEngines } from '../engines/queries';

export function EngineSection() {
  const { engines } = useEngines();
  const current = engines.find(engine => engine.current) ?? null;
  const missing = current !== null && !current.present;
  return (
    <Section
      id="settings-engine"
      title={m.settings.engine}
      body={m.settings.engineBody}
      action={
        <Button
          variant={current && !missing ? 'default' : 'filled'}
          leftSection={<IconEngine size={15} />}
          onClick={() => openTab('engines')}
        >
          {m.settings.openEngines}
        </Button>
      }
    >
      <Rows>
        <Group gap="sm" wrap="nowrap" mih={44}>
          {current && !missing ? (
            <IconEngine size={16} color="var(--mantine-color-dimmed)" style={{ flex: 'none' }} aria-hidden />
          ) : (
            <IconWarning size={16} color="var(--pd-warn)" style={{ flex: 'none' }} aria-hidden />
          )}
          <div style={{ minWidth: 0 }}>
            <Text fw={600} truncate>
              {current?.name ?? m.settings.noEngineTitle}
            </Text>
            <Text
              size="xs"
              c={missing ? 'var(--pd-warn)' : 'dimmed'}
              ff={current && !missing ? 'monospace' : undefined}
              style={{ overflowWrap: 'anywhere' }}
            >
              {missing ? m.settings.engineMissing : (current?.path ?? m.settings.engineNone)}
            </Text>
          </div>
        </Group>
      </Rows>
    </Section>
  );
}
