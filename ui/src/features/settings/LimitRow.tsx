// One limit of downloads: kept when the field is left or Enter is pressed.
import { Group, NumberInput, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { DownloadLimits } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { hubWords as words } from '../../messages/hub';
import { attempt } from '../../state/actions';
import { keys, queryClient } from '../../state/queries';
import classes from './Settings.module.css';

type Props = {
  id: string;
  label: string;
  help?: string;
  value: number | null;
  unit?: string;
  placeholder?: string;
  /** Without bounds it may be empty, and any number above 0. */
  bounds?: { low: number; high: number };
  toLimits: (value: number | null) => DownloadLimits;
};

export function LimitRow({ id, label, help, value, unit, placeholder, bounds, toLimits }: Props) {
  const [typed, setTyped] = useState<number | string>(value ?? '');
  useEffect(() => setTyped(value ?? ''), [value]);
  const number = typed === '' ? null : Number(typed);
  const valid = bounds
    ? number !== null && Number.isInteger(number) && number >= bounds.low && number <= bounds.high
    : number === null || number > 0;
  const save = async () => {
    if (!valid || number === value) return;
    const settings = await attempt(words.doing.setLimits, () => client.setDownloadLimits(toLimits(number)));
    if (settings) queryClient.setQueryData(keys.settings, settings);
    else setTyped(value ?? '');
  };
  const wrong = bounds ? words.between(String(bounds.low), String(bounds.high)) : words.limitInvalid;
  return (
    <div className={classes.setting}>
      <label htmlFor={id}>{label}</label>
      <div>
        <Group gap="xs">
          <NumberInput
            id={id}
            w={96}
            value={typed}
            onChange={setTyped}
            onBlur={() => void save()}
            onKeyDown={event => {
              if (event.key === 'Enter') void save();
            }}
            allowDecimal={!bounds}
            decimalScale={1}
            allowNegative={false}
            clampBehavior="none"
            hideControls
            placeholder={placeholder}
            error={!valid}
            aria-describedby={`${id}-help`}
          />
          {unit && <Text c="dimmed">{unit}</Text>}
        </Group>
        {(help || !valid) && (
          <Text id={`${id}-help`} size="xs" mt={3} c={valid ? 'dimmed' : 'var(--pd-bad)'}>
            {valid ? help : wrong}
          </Text>
        )}
      </div>
    </div>
  );
}
