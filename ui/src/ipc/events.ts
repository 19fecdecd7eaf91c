// What the back end tells without being asked. Each function returns one that ends the subscription.
import { getCurrentWebview } from '@tauri-apps/api/webview';
import {
  events,
  type GatewayStats,
  type JobView,
  type LogLine,
  type OpenHub,
  type Snapshot,
} from './bindings';

type Stop = () => void;

/** `listen` answers later; the caller wants to stop now. */
function stoppable(listening: Promise<Stop>): Stop {
  let stopped = false;
  let stop: Stop | null = null;
  listening.then(
    unlisten => {
      if (stopped) unlisten();
      else stop = unlisten;
    },
    // Only a broken bridge refuses; the first command then says so where it can be seen.
    () => undefined,
  );
  return () => {
    stopped = true;
    stop?.();
  };
}

export function onSnapshot(take: (snapshot: Snapshot) => void): Stop {
  return stoppable(events.snapshotChanged.listen(event => take(event.payload)));
}

export function onLogLine(take: (line: LogLine) => void): Stop {
  return stoppable(events.logLine.listen(event => take(event.payload)));
}

export function onLibraryChanged(take: () => void): Stop {
  return stoppable(events.libraryChanged.listen(() => take()));
}

/** All downloads, whenever one of them changed. */
export function onDownloads(take: (jobs: JobView[]) => void): Stop {
  return stoppable(events.downloadsChanged.listen(event => take(event.payload)));
}

/** Files were opened with Paddock outside the window; they wait to be asked for. */
export function onOpenFiles(take: () => void): Stop {
  return stoppable(events.openFiles.listen(() => take()));
}

/** What goes through the endpoint, at most twice a second. */
export function onTraffic(take: (stats: GatewayStats) => void): Stop {
  return stoppable(events.gatewayChanged.listen(event => take(event.payload)));
}

/** A link to a model was opened outside the window. */
export function onOpenHub(take: (link: OpenHub) => void): Stop {
  return stoppable(events.openHub.listen(event => take(event.payload)));
}

/** Where the system does not tell before they are dropped which files they are, `over` has none. */
export type FileDrop =
  | { kind: 'over'; paths: string[] }
  | { kind: 'leave' }
  | { kind: 'drop'; paths: string[] };

/** Files dragged over the window, and dropped. */
export function onFileDrop(take: (drop: FileDrop) => void): Stop {
  return stoppable(
    getCurrentWebview().onDragDropEvent(({ payload }) => {
      if (payload.type === 'drop') take({ kind: 'drop', paths: payload.paths });
      else if (payload.type === 'leave') take({ kind: 'leave' });
      // While they are moved nothing new is told.
      else if (payload.type === 'enter') take({ kind: 'over', paths: payload.paths });
    }),
  );
}
