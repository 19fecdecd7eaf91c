// The hub did not give what it was asked for: what that means and what to do.
import { Button, Group } from '@mantine/core';
import type { ReactNode } from 'react';
import { EmptyState } from '../../components/EmptyState';
import { IconDiscover, IconFailed, IconGated, IconOffline, IconPatience } from '../../components/icons';
import { Note } from '../../components/Note';
import type { Failure } from '../../errors/app-error';
import { asSentence, describeFailure } from '../../errors/table';
import { m } from '../../messages';
import { discoverWords as words } from '../../messages/discover';
import { openSettings, openTab } from '../../state/window';
import { problemTitle } from './view';

type Props = { failure: Failure; onRetry: () => void };
type PageProps = Props & { action?: ReactNode };

const icons: Record<string, typeof IconOffline> = {
  hub_offline: IconOffline,
  hub_rate_limited: IconPatience,
  hub_gated: IconGated,
  hub_unauthorized: IconGated,
  hub_token_refused: IconGated,
  hub_not_found: IconDiscover,
};

/** In the place of everything else. */
export function HubProblem({ failure, onRetry, action: other }: PageProps) {
  const { clause, hint, action } = describeFailure(failure);
  const title = problemTitle(failure.code);
  const Icon = icons[failure.code] ?? IconFailed;
  const settings = action === 'setToken' || action === 'hubSettings';
  const said = asSentence(clause);
  return (
    <div role="alert" style={{ display: 'flex', flex: 1 }}>
      <EmptyState
        icon={<Icon size={28} stroke={1.3} />}
        title={title}
        action={
          <Group gap="xs" justify="center">
            {settings && <Button onClick={() => openSettings('hub')}>{m.errors.actions[action]}</Button>}
            {other}
            <Button variant={settings || other ? 'default' : 'filled'} onClick={onRetry}>
              {m.errors.actions.tryAgain}
            </Button>
            {failure.code === 'hub_offline' && (
              <Button variant="default" onClick={() => openTab('models')}>
                {words.models}
              </Button>
            )}
          </Group>
        }
      >
        {/* The title may have said it already. */}
        {said !== `${title}.` && said} {asSentence(hint)}
      </EmptyState>
    </div>
  );
}

/** Where something is shown all the same. */
export function HubProblemNote({ failure, onRetry }: Props) {
  const { hint } = describeFailure(failure);
  return (
    <div style={{ padding: '4px 12px 8px' }} role="alert">
      <Note
        kind="info"
        title={problemTitle(failure.code)}
        action={
          <Button size="xs" variant="default" onClick={onRetry}>
            {m.errors.actions.tryAgain}
          </Button>
        }
      >
        {words.stillShown} {asSentence(hint)}
      </Note>
    </div>
  );
}
