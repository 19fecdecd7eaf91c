// The access token: set and forgotten here, never shown.
import { Button, Group, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { IconCheck } from '../../components/icons';
import type { HubSettings } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { m } from '../../messages';
import { hubWords as words } from '../../messages/hub';
import { attempt } from '../../state/actions';
import { keys, queryClient } from '../../state/queries';
import classes from './Settings.module.css';

export function HubToken({ hub }: { hub: HubSettings }) {
  const [typed, setTyped] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const set = async (token: string | null) => {
    setBusy(true);
    const what = token === null ? words.doing.clearToken : words.doing.setToken;
    const settings = await attempt(what, () => client.setHubToken(token));
    setBusy(false);
    if (!settings) return;
    queryClient.setQueryData(keys.settings, settings);
    // What was refused may be given now, and the other way round.
    void queryClient.invalidateQueries({ queryKey: keys.hubRepos });
    setTyped(null);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed?.trim()) void set(typed.trim());
  };
  const source = hub.tokenSet ? (hub.tokenSource ?? 'settings') : null;
  return (
    <form className={classes.setting} onSubmit={submit}>
      <label htmlFor={typed === null ? undefined : 'hub-token'}>{words.token}</label>
      <div>
        {typed === null ? (
          <Group gap="xs">
            <Group gap={6}>
              {source && <IconCheck size={14} color="var(--pd-accent)" aria-hidden />}
              <Text span>
                {source ? words.tokenSet[source] : words.tokenNone}
                {hub.tokenKept && ` ${words.tokenKept[hub.tokenKept]}`}
              </Text>
            </Group>
            <Button size="xs" variant="default" onClick={() => setTyped('')}>
              {source === 'settings' ? words.tokenChange : words.tokenAdd}
            </Button>
            {source === 'settings' && (
              <Button size="xs" variant="subtle" color="red" loading={busy} onClick={() => void set(null)}>
                {words.tokenClear}
              </Button>
            )}
          </Group>
        ) : (
          <Group gap="xs" wrap="nowrap">
            <TextInput
              id="hub-token"
              flex={1}
              maw={340}
              placeholder={words.tokenPlaceholder}
              value={typed}
              onChange={event => setTyped(event.currentTarget.value)}
              autoComplete="off"
              spellCheck={false}
              type="password"
              aria-describedby="hub-token-help"
              autoFocus
            />
            <Button type="submit" disabled={!typed.trim()} loading={busy}>
              {words.tokenSave}
            </Button>
            <Button variant="default" onClick={() => setTyped(null)}>
              {m.cancel}
            </Button>
          </Group>
        )}
        <Text id="hub-token-help" size="xs" c="dimmed" mt={3}>
          {words.tokenHelp}
        </Text>
      </div>
    </form>
  );
}
