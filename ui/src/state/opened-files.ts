// GGUF files that were opened with Paddock outside the window: they are added as if they had been dropped on it.
import { client } from '../ipc/client';
import { onOpenFiles } from '../ipc/events';
import { importPaths } from './actions';

async function take(): Promise<void> {
  const paths = await client.openedFiles();
  if (paths.length > 0) await importPaths(paths);
}

/** Asks once, for those that the app was started with, and listens from then on. */
export function connectOpenedFiles(): () => void {
  // Where the bridge is broken, another command says so where it can be seen.
  const ask = () => void take().catch(() => undefined);
  ask();
  return onOpenFiles(ask);
}
