// Commands and events that the generated bindings do not have yet: the hub and downloads. Same shapes, same
// calling; this file goes as soon as `bindings.ts` has them.
import { invoke } from '@tauri-apps/api/core';
import { type EventCallback, emit, listen } from '@tauri-apps/api/event';
import type { IpcError, Settings } from './bindings';

export type HubSort = 'trending' | 'downloads' | 'likes' | 'newest';
export type Fit = 'fits' | 'tight' | 'tooBig' | 'unknown';

export type HubQuery = {
  text: string;
  sort: HubSort;
  author: string | null;
  task: string | null;
  maxBytes: number | null;
  cursor: string | null;
};

export type HubRepoRow = {
  id: string;
  author: string;
  name: string;
  downloads: number;
  likes: number;
  lastModified: string | null;
  gated: boolean;
  private: boolean;
  architecture: string | null;
  parameters: number | null;
  contextLength: number | null;
  sizeBytes: number | null;
  fit: Fit;
  task: string | null;
  tags: string[];
};

export type HubPage = { repos: HubRepoRow[]; cursor: string | null };

export type HubFile = { path: string; sizeBytes: number };

export type HubVariant = {
  name: string;
  quantization: string | null;
  qualityWords: string;
  sizeBytes: number;
  bitsPerWeight: number | null;
  files: HubFile[];
  projector: string | null;
  fit: Fit;
  fitSentence: string;
  recommended: boolean;
  why: string | null;
  /** The model in the library, where it is here already. */
  localKey: string | null;
  jobId: string | null;
  /** Files that the repository lacks; without them it cannot be loaded. */
  missing: string[];
};

export type HubRepo = {
  id: string;
  sha: string;
  summary: string | null;
  licence: string | null;
  gated: 'no' | 'auto' | 'manual';
  private: boolean;
  downloads: number;
  likes: number;
  lastModified: string | null;
  url: string;
  architecture: string | null;
  contextLength: number | null;
  chatTemplate: boolean;
  parameters: number | null;
  task: string | null;
  variants: HubVariant[];
  /** The variant that a pasted address named. */
  namedVariant: string | null;
};

/** One of the two: a download, or the model that is here already. */
export type DownloadBegun = { jobId: string | null; key: string | null };

export type DownloadRequest = { repo: string; revision: string | null; variant: string };

export type JobState =
  | 'queued'
  | 'running'
  | 'paused'
  | 'waiting'
  | 'interrupted'
  | 'verifying'
  | 'done'
  | 'failed'
  | 'cancelled';

export type JobFile = { path: string; downloadedBytes: number; totalBytes: number | null; state: JobState };

export type JobTag = {
  /** `model` or `engine`. */
  kind: string;
  repo: string | null;
  variant: string | null;
  /** Once it is in the library. */
  key: string | null;
};

/** A set of files that is one thing to the user. */
export type JobView = {
  id: string;
  label: string;
  state: JobState;
  /** Why it waits. */
  reason: string | null;
  error: { code: string; message: string; hint: string } | null;
  downloadedBytes: number;
  totalBytes: number | null;
  bytesPerSecond: number;
  secondsLeft: number | null;
  files: JobFile[];
  tag: JobTag;
  /** Milliseconds since 1970. */
  startedAt: number;
  finishedAt: number | null;
};

export type TokenSource = 'settings' | 'environment' | 'file';

export type HubSettings = {
  /** A mirror; `null` is the hub itself. */
  endpoint: string | null;
  tokenSet: boolean;
  tokenSource: TokenSource | null;
  connections: number;
  parallelFiles: number;
  bytesPerSecond: number | null;
};

export type DownloadLimits = Pick<HubSettings, 'connections' | 'parallelFiles' | 'bytesPerSecond'>;

/** `paddock://models/huggingface/owner/repo?file=…` was opened. */
export type OpenHub = { repo: string; file: string | null };

export type SettingsWithHub = Settings & { hub?: HubSettings };

type Answer<T> = { status: 'ok'; data: T } | { status: 'error'; error: IpcError };

async function call<T>(command: string, args: Record<string, unknown> = {}): Promise<Answer<T>> {
  try {
    return { status: 'ok', data: await invoke<T>(command, args) };
  } catch (error) {
    if (error instanceof Error || typeof error === 'string') throw error;
    return { status: 'error', error: error as IpcError };
  }
}

export const pendingCommands = {
  searchHub: (query: HubQuery) => call<HubPage>('search_hub', { query }),
  hubRepo: (id: string, revision: string | null) => call<HubRepo>('hub_repo', { id, revision }),
  downloadModel: (request: DownloadRequest) => call<DownloadBegun>('download_model', { request }),
  listDownloads: () => call<JobView[]>('list_downloads'),
  pauseDownload: (id: string) => call<null>('pause_download', { id }),
  resumeDownload: (id: string) => call<null>('resume_download', { id }),
  cancelDownload: (id: string) => call<null>('cancel_download', { id }),
  dismissDownload: (id: string) => call<null>('dismiss_download', { id }),
  openedLink: () => call<OpenHub | null>('opened_link'),
  setHubToken: (token: string | null) => call<SettingsWithHub>('set_hub_token', { token }),
  setHubEndpoint: (endpoint: string | null) => call<SettingsWithHub>('set_hub_endpoint', { endpoint }),
  setDownloadLimits: (limits: DownloadLimits) => call<SettingsWithHub>('set_download_limits', { limits }),
};

function pendingEvent<T>(name: string) {
  return {
    listen: (take: EventCallback<T>) => listen<T>(name, take),
    emit: (payload: T) => emit(name, payload),
  };
}

export const pendingEvents = {
  downloadsChanged: pendingEvent<JobView[]>('downloads-changed'),
  openHub: pendingEvent<OpenHub>('open-hub'),
};
