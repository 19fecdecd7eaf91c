// What the Server page asks for and changes: keys, what was refused, settings of the endpoint.
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type {
  ApiKey,
  EndpointChange,
  Refusal,
  RefusalKind,
  ServingLimits,
  Settings,
} from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { serverWords as words } from '../../messages/server';
import { attempt } from '../../state/actions';
import { refreshLive } from '../../state/live';
import { keys, queryClient } from '../../state/queries';
import { useTraffic } from '../../state/traffic';

const NO_KEYS: ApiKey[] = [];
const NO_REFUSALS: Refusal[] = [];

export function useApiKeys() {
  const query = useQuery({ queryKey: keys.apiKeys, queryFn: client.listKeys });
  return { ...query, apiKeys: query.data ?? NO_KEYS };
}

/** Asked anew whenever the count of refused requests moved. */
export function useRefusals(): Refusal[] {
  const refused = useTraffic().stats?.refused ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asks because of the count
  useEffect(() => void queryClient.invalidateQueries({ queryKey: keys.refusals }), [refused]);
  return useQuery({ queryKey: keys.refusals, queryFn: client.listRefusals }).data ?? NO_REFUSALS;
}

export const keepSettings = (settings: Settings) => queryClient.setQueryData(keys.settings, settings);

/** Changes the endpoint's settings; true if they are kept. */
export async function changeEndpoint(change: EndpointChange): Promise<boolean> {
  const settings = await attempt(words.doing.setEndpoint, () => client.setEndpoint(change));
  if (settings) keepSettings(settings);
  await refreshLive();
  return settings !== null;
}

export async function changeLimits(limits: ServingLimits): Promise<boolean> {
  const settings = await attempt(words.doing.setLimits, () => client.setLimits(limits));
  if (settings) keepSettings(settings);
  return settings !== null;
}

export async function removeKey(name: string): Promise<void> {
  await attempt(words.doing.removeKey(name), () => client.removeKey(name));
  await refreshKeys();
}

/** With the keys, who may reach the endpoint may have changed. */
export async function refreshKeys(): Promise<void> {
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: keys.apiKeys }),
    queryClient.invalidateQueries({ queryKey: keys.settings }),
    refreshLive(),
  ]);
}

/** Lets in what was refused, or typed; true if it is kept. */
export async function allow(kind: RefusalKind, value: string): Promise<boolean> {
  const settings = await attempt(words.doing.allow(value), () => client.allowRefused(kind, value));
  if (settings) keepSettings(settings);
  await queryClient.invalidateQueries({ queryKey: keys.refusals });
  return settings !== null;
}
