// The hub, or a mirror of it.
import { Button, Group, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { AppError } from '../../errors/app-error';
import { asSentence, describeFailure } from '../../errors/table';
import { client } from '../../ipc/client';
import { hubWords as words } from '../../messages/hub';
import { keys, queryClient } from '../../state/queries';
import classes from './Settings.module.css';

export function HubEndpoint({ endpoint }: { endpoint: string | null }) {
  const [typed, setTyped] = useState(endpoint ?? '');
  const save = useMutation({
    mutationFn: client.setHubEndpoint,
    onSuccess: settings => {
      queryClient.setQueryData(keys.settings, settings);
      // Another hub has other models.
      queryClient.removeQueries({ queryKey: keys.hubSearch });
      queryClient.removeQueries({ queryKey: keys.hubRepos });
    },
  });
  const text = typed.trim().replace(/\/+$/, '');
  const valid = text === '' || isAddress(text);
  const changed = text !== (endpoint ?? '');
  const failure = save.error ? describeFailure(AppError.unexpected(save.error)) : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (valid && changed) save.mutate(text || null);
  };
  return (
    <form className={classes.setting} onSubmit={submit}>
      <label htmlFor="hub-endpoint">{words.endpoint}</label>
      <div>
        <Group gap="xs" wrap="nowrap">
          <TextInput
            id="hub-endpoint"
            flex={1}
            maw={340}
            type="url"
            spellCheck={false}
            placeholder={words.endpointPlaceholder}
            value={typed}
            onChange={event => {
              setTyped(event.currentTarget.value);
              save.reset();
            }}
            error={!valid || failure !== null}
            aria-describedby="hub-endpoint-help"
          />
          {changed && (
            <Button type="submit" disabled={!valid} loading={save.isPending}>
              {words.save}
            </Button>
          )}
        </Group>
        <Text
          id="hub-endpoint-help"
          size="xs"
          mt={3}
          c={!valid || failure ? 'var(--pd-bad)' : 'dimmed'}
          role={failure ? 'alert' : undefined}
        >
          {!valid
            ? words.endpointInvalid
            : failure
              ? `${asSentence(failure.clause)} ${failure.hint}`
              : words.endpointHelp}
        </Text>
      </div>
    </form>
  );
}

function isAddress(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}
