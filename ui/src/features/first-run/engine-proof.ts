// An engine that was found on this computer is only believed once it has answered with a small model, as one that was
// fetched has.
import { useQuery } from '@tanstack/react-query';
import { AppError } from '../../errors/app-error';
import { asClause, describeFailure } from '../../errors/table';
import { client } from '../../ipc/client';
import { refreshEngines } from '../../state/engine-job';
import { useSnapshot } from '../../state/live';
import { useEngines } from '../engines/queries';

export type EngineProof =
  /** It is not known yet whether it has to be tried. */
  | { state: 'unknown' }
  | { state: 'trying' }
  | { state: 'proved' }
  /** It has run models, or a try said nothing about it. */
  | { state: 'good' }
  | { state: 'failed'; clause: string; again: () => void };

/** Tries the current engine where nobody did yet, and says what came of it. */
export function useEngineProof(): EngineProof {
  const name = useSnapshot()?.engine ?? null;
  const { engines } = useEngines();
  const engine = engines.find(one => one.name === name && one.present) ?? null;
  const query = useQuery({
    queryKey: ['engine-proof', engine?.path],
    queryFn: async () => {
      try {
        if (engine) await client.proveEngine(engine.name);
        return true;
      } finally {
        await refreshEngines();
      }
    },
    enabled: engine?.state === 'unproved',
    // Another try is somebody's wish.
    retryOnMount: false,
  });
  if (!engine) return { state: 'unknown' };
  if (query.isFetching) return { state: 'trying' };
  const again = () => void query.refetch();
  if (query.error) {
    const { clause } = describeFailure(AppError.unexpected(query.error));
    return { state: 'failed', clause: asClause(clause), again };
  }
  if (engine.state === 'failed') return { state: 'failed', clause: asClause(engine.problem ?? ''), again };
  return { state: engine.proved || query.data === true ? 'proved' : 'good' };
}
