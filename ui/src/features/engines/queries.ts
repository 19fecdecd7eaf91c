// What the Engines page asks for.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { EngineRow } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { keys, queryClient } from '../../state/queries';

const NONE: EngineRow[] = [];

export function useEngines() {
  const query = useQuery({ queryKey: keys.engines, queryFn: client.listEngines });
  return { ...query, engines: query.data ?? NONE };
}

/** What an engine says of itself; asking starts it, so only the current one is asked. */
export function useEngineDetails(engine: EngineRow | null) {
  const name = engine?.name ?? '';
  return useQuery({
    queryKey: keys.engineDetails(name),
    queryFn: () => client.engineDetails(name),
    enabled: engine?.present === true,
  });
}

/** What could be installed of a build, or of the newest, as far as it is known. */
export function useAvailableEngines(build: string | null = null) {
  return useQuery({
    queryKey: [...keys.availableEngines, build],
    queryFn: () => client.availableEngines(false, build),
    placeholderData: keepPreviousData,
  });
}

/** Asks outside. What is known stays where that fails. */
export async function checkForEngines(build: string | null): Promise<void> {
  const answer = await client.availableEngines(true, build);
  queryClient.setQueryData([...keys.availableEngines, build], answer);
  if (build !== null) await queryClient.invalidateQueries({ queryKey: [...keys.availableEngines, null] });
}
