// What an engine is worth, as colour, icon and word together.
import { Group, Text } from '@mantine/core';
import { IconFailed, IconQueued, IconReady, IconWarning } from '../../components/icons';
import { engineWords } from '../../messages/engines';
import type { EngineCondition } from './view';

const looks = {
  good: { Icon: IconReady, icon: 'var(--pd-accent)', text: 'var(--mantine-color-green-light-color)' },
  unproved: { Icon: IconQueued, icon: 'var(--mantine-color-dimmed)', text: 'var(--mantine-color-dimmed)' },
  failed: { Icon: IconFailed, icon: 'var(--pd-bad)', text: 'var(--pd-bad)' },
  missing: { Icon: IconWarning, icon: 'var(--pd-warn)', text: 'var(--pd-warn)' },
};

export function ConditionMark({ condition }: { condition: EngineCondition }) {
  const { Icon, icon, text } = looks[condition];
  return (
    <Group gap={6} wrap="nowrap" style={{ flex: 'none' }}>
      <Icon size={14} color={icon} aria-hidden />
      <Text span size="xs" fw={600} c={text} style={{ whiteSpace: 'nowrap' }}>
        {engineWords.states[condition]}
      </Text>
    </Group>
  );
}
