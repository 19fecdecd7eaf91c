// Who else may call the endpoint: names and web pages that are allowed, and those that were refused, each with a button.
import { ActionIcon, Button, Group, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { IconCannot, IconClose } from '../../components/icons';
import { Rows, Section } from '../../components/Section';
import { SettingRow } from '../../components/SettingRow';
import { useNow } from '../../components/use-age';
import { timeAgo } from '../../format';
import type { Refusal, ServingSettings } from '../../ipc/bindings';
import { serverWords as words } from '../../messages/server';
import { isHostName, originOf } from './names';
import classes from './Server.module.css';
import { allow, changeEndpoint, useRefusals } from './serving-queries';

export function AccessSection({ serving }: { serving: ServingSettings }) {
  const refusals = useRefusals();
  return (
    <Section id="server-access" title={words.access} body={words.accessBody}>
      <Rows>
        {refusals.length > 0 && <Refused refusals={refusals} />}
        <NameList
          id="server-hosts"
          label={words.hosts}
          help={words.hostsHelp}
          invalid={words.hostInvalid}
          placeholder={words.hostsPlaceholder}
          values={serving.allowedHosts}
          read={text => (isHostName(text) ? text.toLowerCase() : null)}
          add={value => allow('host', value)}
          save={allowedHosts => changeEndpoint({ allowedHosts })}
        />
        <NameList
          id="server-origins"
          label={words.origins}
          help={words.originsHelp}
          invalid={words.originInvalid}
          placeholder={words.originsPlaceholder}
          values={serving.allowedOrigins}
          read={originOf}
          add={value => allow('origin', value)}
          save={allowedOrigins => changeEndpoint({ allowedOrigins })}
        />
      </Rows>
    </Section>
  );
}

function Refused({ refusals }: { refusals: Refusal[] }) {
  const now = useNow(30_000);
  return (
    <section aria-label={words.refused}>
      <Text size="xs" c="dimmed" mb={2}>
        {words.refused}
      </Text>
      {refusals.map(({ kind, value, count, lastAt }) => (
        <div key={`${kind} ${value}`} className={classes.refusal}>
          <IconCannot size={15} color="var(--pd-warn)" style={{ flex: 'none' }} aria-hidden />
          <div className={classes.refusalText}>
            <Text span ff="monospace" size="xs" data-selectable style={{ overflowWrap: 'anywhere' }}>
              {value}
            </Text>
            <Text size="xs" c="dimmed">
              {`${words.refusedKinds[kind]}: ${words.refusedTimes(count, timeAgo(lastAt, now))}`}
            </Text>
          </div>
          {kind !== 'key' && (
            <Button
              size="xs"
              variant="default"
              aria-label={words.allowName(value)}
              onClick={() => void allow(kind, value)}
            >
              {words.allow}
            </Button>
          )}
        </div>
      ))}
    </section>
  );
}

type NameListProps = {
  id: string;
  label: string;
  help: string;
  invalid: string;
  placeholder: string;
  values: string[];
  /** What was typed as it is kept; `null` where it is nothing of the kind. */
  read: (text: string) => string | null;
  add: (value: string) => Promise<boolean>;
  save: (values: string[]) => Promise<boolean>;
};

export function NameList({ id, label, help, invalid, placeholder, values, read, add, save }: NameListProps) {
  const [typed, setTyped] = useState('');
  const [wrong, setWrong] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const value = read(typed.trim());
    if (value === null) return setWrong(true);
    if (values.includes(value) || (await add(value))) setTyped('');
  };
  return (
    <form onSubmit={submit}>
      <SettingRow id={id} label={label} help={wrong ? invalid : help} bad={wrong}>
        {values.length > 0 && (
          <ul className={classes.names}>
            {values.map(value => (
              <li key={value}>
                <span data-selectable>{value}</span>
                <ActionIcon
                  size={18}
                  aria-label={words.removeFrom(value)}
                  onClick={() => void save(values.filter(other => other !== value))}
                >
                  <IconClose size={12} />
                </ActionIcon>
              </li>
            ))}
          </ul>
        )}
        <Group gap="xs" wrap="nowrap">
          <TextInput
            id={id}
            flex={1}
            maw={320}
            placeholder={placeholder}
            value={typed}
            onChange={event => {
              setTyped(event.currentTarget.value);
              setWrong(false);
            }}
            error={wrong}
            autoComplete="off"
            spellCheck={false}
            aria-describedby={`${id}-help`}
          />
          <Button type="submit" variant="default" disabled={!typed.trim()} aria-label={words.addTo(label)}>
            {words.add}
          </Button>
        </Group>
      </SettingRow>
    </form>
  );
}
