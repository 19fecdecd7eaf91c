// What a chat sets: the system prompt and sampling. The placeholders are what holds where nothing is set.
import {
  Button,
  Group,
  NumberInput,
  Popover,
  SegmentedControl,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
} from '@mantine/core';
import { IconSaved } from '../../components/icons';
import { grouped } from '../../format';
import type { ChatModel, ChatSettings } from '../../ipc/bindings';
import { chatWords } from '../../messages/chat';
import { changeSettings } from './chat-actions';
import { NO_SETTINGS, useChat } from './chat-store';

const words = chatWords.settings;

type NumberName = 'temperature' | 'topP' | 'topK' | 'minP' | 'maxTokens' | 'seed';
type Field = { name: NumberName; least: number; most: number; step: number; whole: boolean };

const FIELDS: Field[] = [
  { name: 'temperature', least: 0, most: 5, step: 0.1, whole: false },
  { name: 'topP', least: 0, most: 1, step: 0.05, whole: false },
  { name: 'topK', least: 0, most: 1000, step: 5, whole: true },
  { name: 'minP', least: 0, most: 1, step: 0.01, whole: false },
  { name: 'maxTokens', least: 1, most: 1_000_000, step: 64, whole: true },
  { name: 'seed', least: 0, most: 4_294_967_294, step: 1, whole: true },
];

export function SettingsPopover({ running }: { running: ChatModel | null }) {
  const settings = useChat(open => open.chat.settings);
  const set = Object.values(settings).filter(value => value !== null && value !== '').length;
  const label = set === 0 ? words.label : words.changed(set);
  return (
    <Popover position="bottom-end" width={340} trapFocus>
      <Popover.Target>
        <Button
          variant={set === 0 ? 'default' : 'light'}
          leftSection={<IconSaved size={15} />}
          style={{ flex: 'none' }}
        >
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={words.label}>
        <Stack gap="sm">
          <Textarea
            label={words.system}
            placeholder={words.systemPlaceholder}
            autosize
            minRows={2}
            maxRows={5}
            value={settings.systemPrompt ?? ''}
            onChange={event => changeSettings({ systemPrompt: event.currentTarget.value || null })}
          />
          <SimpleGrid cols={2} spacing="sm" verticalSpacing="xs">
            {FIELDS.map(field => (
              <NumberField key={field.name} field={field} settings={settings} running={running} />
            ))}
          </SimpleGrid>
          <Thinking value={settings.thinking} />
          <Group justify="space-between" wrap="nowrap" align="flex-end">
            <Text size="xs" c="dimmed">
              {words.note}
            </Text>
            <Button
              size="xs"
              variant="default"
              disabled={set === 0}
              onClick={() => changeSettings(NO_SETTINGS)}
              style={{ flex: 'none' }}
            >
              {words.reset}
            </Button>
          </Group>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

type NumberProps = { field: Field; settings: ChatSettings; running: ChatModel | null };

function NumberField({ field: { name, least, most, step, whole }, settings, running }: NumberProps) {
  return (
    <NumberInput
      label={words[name]}
      placeholder={placeholderOf(name, running)}
      value={settings[name] ?? ''}
      min={least}
      max={most}
      step={step}
      allowDecimal={!whole}
      allowNegative={false}
      onChange={typed => {
        const value = typed === '' ? null : Number(typed);
        // What is out of bounds is put right when the field is left.
        if (value === null || (value >= least && value <= most)) changeSettings({ [name]: value });
      }}
    />
  );
}

function placeholderOf(name: NumberName, running: ChatModel | null): string {
  if (name === 'seed') return words.random;
  if (name === 'maxTokens') return words.noLimit;
  const value = running?.[name] ?? null;
  return value === null ? words.engine : grouped(value);
}

function Thinking({ value }: { value: boolean | null }) {
  const choices = words.thinkingChoices;
  return (
    <div>
      <Text size="sm" fw={600} mb={2} id="chat-thinking">
        {words.thinking}
      </Text>
      <SegmentedControl
        aria-labelledby="chat-thinking"
        fullWidth
        data={[
          { value: 'default', label: choices.default },
          { value: 'on', label: choices.on },
          { value: 'off', label: choices.off },
        ]}
        value={value === null ? 'default' : value ? 'on' : 'off'}
        onChange={chosen => changeSettings({ thinking: chosen === 'default' ? null : chosen === 'on' })}
      />
    </div>
  );
}
