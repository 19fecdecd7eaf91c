// The one address, with one click to copy it; or that it is down, with the way to mend it.
import { Button } from '@mantine/core';
import { CopyButton } from '../../components/CopyButton';
import { IconWarning } from '../../components/icons';
import type { Endpoint } from '../../ipc/bindings';
import { m } from '../../messages';
import { openTab } from '../../state/window';
import classes from './StatusBar.module.css';

/** What clients on this computer are given as base URL. An endpoint that listens everywhere is not called so. */
export const baseUrl = (endpoint: Endpoint) =>
  `${endpoint.url.replace(/\/\/(0\.0\.0\.0|\[::\])(?=:|$)/, '//127.0.0.1')}/v1`;

export function EndpointPill({ endpoint }: { endpoint: Endpoint }) {
  if (!endpoint.listening) {
    return (
      <Button
        size="sm"
        variant="light"
        color="red"
        leftSection={<IconWarning size={14} />}
        onClick={() => openTab('server')}
      >
        {m.statusBar.portTaken}
      </Button>
    );
  }
  const url = baseUrl(endpoint);
  return (
    <div className={classes.pill}>
      <code data-selectable>{url}</code>
      <CopyButton text={url} what={m.statusBar.endpoint} />
    </div>
  );
}
