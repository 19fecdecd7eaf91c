// When models come and go by themselves, how many at once, and what is written down of requests.
import { Group, NumberInput, Select, Switch, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Rows, Section } from '../../components/Section';
import { SettingRow } from '../../components/SettingRow';
import { gigabytes } from '../../format';
import type { ServingSettings } from '../../ipc/bindings';
import { serverWords as words } from '../../messages/server';
import { idleChoices } from '../../state/policy';
import { changeEndpoint, changeLimits } from './serving-queries';

const MOST_MODELS = 64;

export function LoadingSection({ serving, totalBytes }: { serving: ServingSettings; totalBytes: number }) {
  const { limits, loadOnDemand, requestLog } = serving;
  const total = gigabytes(totalBytes);
  return (
    <Section id="server-loading" title={words.loading} body={words.loadingBody}>
      <Rows>
        <Toggle
          id="server-on-demand"
          label={words.onDemand}
          help={words.onDemandHelp}
          checked={loadOnDemand}
          save={on => changeEndpoint({ loadOnDemand: on })}
        />
        <SettingRow id="server-idle" label={words.idleTime} help={words.idleHelp}>
          <Select
            id="server-idle"
            w={200}
            allowDeselect={false}
            value={String(limits.idleSeconds)}
            data={idleChoices(limits.idleSeconds)}
            onChange={value => value !== null && void changeLimits({ ...limits, idleSeconds: Number(value) })}
            aria-describedby="server-idle-help"
          />
        </SettingRow>
        <Bound
          id="server-max"
          label={words.maxLoaded}
          help={words.maxLoadedHelp}
          invalid={words.maxLoadedInvalid}
          value={limits.maxLoaded === 0 ? null : limits.maxLoaded}
          isValid={value => Number.isInteger(value) && value >= 1 && value <= MOST_MODELS}
          save={value => changeLimits({ ...limits, maxLoaded: value ?? 0 })}
        />
        <Bound
          id="server-memory"
          label={words.memory}
          help={words.memoryHelp(`${total} ${words.memoryUnit}`)}
          invalid={words.memoryInvalid(total)}
          unit={words.memoryUnit}
          decimal
          value={limits.memoryBytes === null ? null : Number((limits.memoryBytes / 1e9).toFixed(1))}
          isValid={value => value >= 0.5 && value * 1e9 <= totalBytes + 5e7}
          save={value =>
            changeLimits({ ...limits, memoryBytes: value === null ? null : Math.round(value * 1e9) })
          }
        />
        <Toggle
          id="server-request-log"
          label={words.requestLog}
          help={words.requestLogHelp}
          checked={requestLog}
          save={on => changeEndpoint({ requestLog: on })}
        />
      </Rows>
    </Section>
  );
}

type ToggleProps = {
  id: string;
  label: string;
  help: string;
  checked: boolean;
  save: (on: boolean) => Promise<unknown>;
};

function Toggle({ id, label, help, checked, save }: ToggleProps) {
  const [busy, setBusy] = useState(false);
  const change = async (on: boolean) => {
    setBusy(true);
    await save(on);
    setBusy(false);
  };
  return (
    <SettingRow id={id} label={label} help={help}>
      <Group mih={30}>
        <Switch
          id={id}
          checked={checked}
          disabled={busy}
          onChange={event => void change(event.currentTarget.checked)}
          aria-describedby={`${id}-help`}
        />
      </Group>
    </SettingRow>
  );
}

type BoundProps = {
  id: string;
  label: string;
  help: string;
  invalid: string;
  unit?: string;
  decimal?: boolean;
  value: number | null;
  isValid: (value: number) => boolean;
  save: (value: number | null) => Promise<boolean>;
};

/** A number that may be empty; kept when the field is left or Enter is pressed. */
function Bound({ id, label, help, invalid, unit, decimal, value, isValid, save }: BoundProps) {
  const [typed, setTyped] = useState<number | string>(value ?? '');
  useEffect(() => setTyped(value ?? ''), [value]);
  const number = typed === '' ? null : Number(typed);
  const valid = number === null || isValid(number);
  const keep = async () => {
    if (!valid || number === value) return;
    if (!(await save(number))) setTyped(value ?? '');
  };
  return (
    <SettingRow id={id} label={label} help={valid ? help : invalid} bad={!valid}>
      <Group gap="xs">
        <NumberInput
          id={id}
          w={96}
          value={typed}
          onChange={setTyped}
          onBlur={() => void keep()}
          onKeyDown={event => {
            if (event.key === 'Enter') void keep();
          }}
          allowDecimal={decimal ?? false}
          decimalScale={1}
          allowNegative={false}
          clampBehavior="none"
          hideControls
          placeholder={words.maxLoadedPlaceholder}
          error={!valid}
          aria-describedby={`${id}-help`}
        />
        {unit && <Text c="dimmed">{unit}</Text>}
      </Group>
    </SettingRow>
  );
}
