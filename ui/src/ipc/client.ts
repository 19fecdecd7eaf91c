// The only file that calls the commands. A refusal becomes a thrown `AppError`; everything else is passed as it is.
import { AppError } from '../errors/app-error';
import { commands, type IpcError, type LoadParams, type Theme } from './bindings';
import { type DownloadLimits, type DownloadRequest, type HubQuery, pendingCommands } from './pending';

export type * from './bindings';

type Answer<T> = { status: 'ok'; data: T } | { status: 'error'; error: IpcError };

async function unwrap<T>(answer: Promise<Answer<T>>): Promise<T> {
  let settled: Answer<T>;
  try {
    settled = await answer;
  } catch (error) {
    // The bridge itself broke: no command of that name, or arguments that it could not read.
    throw AppError.unexpected(error);
  }
  if (settled.status === 'error') throw AppError.fromIpc(settled.error);
  return settled.data;
}

export const client = {
  startUp: () => unwrap(commands.startUp()),
  takeOver: () => unwrap(commands.takeOver()),
  quit: () => unwrap(commands.quit()),
  snapshot: () => unwrap(commands.snapshot()),

  listModels: () => unwrap(commands.listModels()),
  importModels: (paths: string[]) => unwrap(commands.importModels(paths)),
  /** Asks for files; none when the dialog was cancelled. */
  pickModelFiles: () => unwrap(commands.pickModelFiles()),
  /** Forgets a model; its file stays. One in a models folder is refused: it would be found again. */
  removeModel: (key: string) => unwrap(commands.removeModel(key)),

  loadForm: (key: string) => unwrap(commands.loadForm(key)),
  /** What `params`, taken as everything that is saved for the model, would come to. */
  previewLoad: (key: string, params: LoadParams) => unwrap(commands.previewLoad(key, params)),
  saveParams: (key: string, params: LoadParams) => unwrap(commands.saveParams(key, params)),
  /** Resolves when the model is ready. `null` loads it with what is saved for it; one that runs with other parameters is replaced. */
  loadModel: (key: string, params: LoadParams | null) => unwrap(commands.loadModel(key, params)),
  /** Stops a model, cancels its load, or forgets that it failed. */
  unloadModel: (key: string) => unwrap(commands.unloadModel(key)),
  modelLog: (key: string) => unwrap(commands.modelLog(key)),

  /** Shows the data folder in the system's file manager. */
  openDataFolder: () => unwrap(commands.openDataFolder()),
  getSettings: () => unwrap(commands.getSettings()),
  setPort: (port: number) => unwrap(commands.setPort(port)),
  setTheme: (theme: Theme) => unwrap(commands.setTheme(theme)),
  addModelFolder: () => unwrap(commands.addModelFolder()),
  removeModelFolder: (path: string) => unwrap(commands.removeModelFolder(path)),
  pickEngine: () => unwrap(commands.pickEngine()),
  chooseEngine: (name: string) => unwrap(commands.useEngine(name)),

  listEngines: () => unwrap(commands.listEngines()),
  /** Asks the engine itself: devices, version, options. */
  engineDetails: (name: string) => unwrap(commands.engineDetails(name)),
  /** What could be installed of `build`, or of the newest; `refresh` asks anew, else what was heard last is enough. */
  availableEngines: (refresh: boolean, build: string | null) =>
    unwrap(commands.availableEngines(refresh, build)),
  /** Answers when the work has begun; the snapshot tells how it goes. */
  installEngine: (build: string, variant: string | null, withoutDigest: boolean) =>
    unwrap(commands.installEngine(build, variant, withoutDigest)),
  cancelEngineInstall: () => unwrap(commands.cancelEngineInstall()),
  removeEngine: (name: string) => unwrap(commands.removeEngine(name)),
  rollBackEngine: () => unwrap(commands.rollBackEngine()),
  dismissAnnouncement: (id: number) => unwrap(commands.dismissAnnouncement(id)),

  searchHub: (query: HubQuery) => unwrap(pendingCommands.searchHub(query)),
  /** The link that the app was started with; once. */
  openedLink: () => unwrap(pendingCommands.openedLink()),
  hubRepo: (id: string) => unwrap(pendingCommands.hubRepo(id, null)),
  downloadModel: (request: DownloadRequest) => unwrap(pendingCommands.downloadModel(request)),
  listDownloads: () => unwrap(pendingCommands.listDownloads()),
  pauseDownload: (id: string) => unwrap(pendingCommands.pauseDownload(id)),
  resumeDownload: (id: string) => unwrap(pendingCommands.resumeDownload(id)),
  /** Stops it and deletes what was fetched of it, and nothing else. */
  cancelDownload: (id: string) => unwrap(pendingCommands.cancelDownload(id)),
  dismissDownload: (id: string) => unwrap(pendingCommands.dismissDownload(id)),

  /** `null` forgets it. */
  setHubToken: (token: string | null) => unwrap(pendingCommands.setHubToken(token)),
  /** `null` is the hub itself. */
  setHubEndpoint: (endpoint: string | null) => unwrap(pendingCommands.setHubEndpoint(endpoint)),
  setDownloadLimits: (limits: DownloadLimits) => unwrap(pendingCommands.setDownloadLimits(limits)),
};
