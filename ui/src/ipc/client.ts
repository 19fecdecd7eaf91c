// The only file that calls the commands. A refusal becomes a thrown `AppError`; everything else is passed as it is.
import { Channel } from '@tauri-apps/api/core';
import { AppError } from '../errors/app-error';
import {
  type Chat,
  type ChatEvent,
  type ChatRequest,
  commands,
  type DesktopChange,
  type DownloadLimits,
  type DownloadRequest,
  type EndpointChange,
  type FileFate,
  type HubQuery,
  type IpcError,
  type LoadParams,
  type ModelPolicy,
  type RefusalKind,
  type ServingLimits,
  type Theme,
} from './bindings';

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
  /** Forgets a model; its files stay, go to the trash, or are deleted. One that runs is refused. */
  removeModel: (key: string, files: FileFate) => unwrap(commands.removeModel(key, files)),
  foundElsewhere: () => unwrap(commands.foundElsewhere()),
  /** Adds those of the apps' models that are named by their paths. */
  importFound: (apps: string[], paths: string[], copy: boolean) =>
    unwrap(commands.importFound(apps, paths, copy)),
  modelDetails: (key: string) => unwrap(commands.modelDetails(key)),
  checkForNewer: (key: string) => unwrap(commands.checkForNewer(key)),
  libraryFolders: () => unwrap(commands.libraryFolders()),
  /** Asks for another place; answers when everything is there, false if none was chosen. */
  moveModelsFolder: (path: string) => unwrap(commands.moveModelsFolder(path)),
  folderMove: () => unwrap(commands.folderMove()),
  cancelFolderMove: () => unwrap(commands.cancelFolderMove()),

  loadForm: (key: string) => unwrap(commands.loadForm(key)),
  /** What `params`, taken as everything that is saved for the model, would come to. */
  previewLoad: (key: string, params: LoadParams) => unwrap(commands.previewLoad(key, params)),
  /** Every flag of the engine that the model runs with. */
  engineOptions: (key: string) => unwrap(commands.engineOptions(key)),
  /** The engine that runs a model whichever is current; `null` is the current one. */
  pinModel: (key: string, engine: string | null) => unwrap(commands.pinModel(key, engine)),
  saveParams: (key: string, params: LoadParams) => unwrap(commands.saveParams(key, params)),
  /** Resolves when the model is ready. `null` loads it with what is saved for it; one that runs with other parameters is replaced. */
  loadModel: (key: string, params: LoadParams | null) => unwrap(commands.loadModel(key, params)),
  /** Stops a model, cancels its load, or forgets that it failed. */
  unloadModel: (key: string) => unwrap(commands.unloadModel(key)),
  modelLog: (key: string) => unwrap(commands.modelLog(key)),

  /** How long a model stays, and whether it is there from the start. */
  setModelPolicy: (key: string, policy: ModelPolicy) => unwrap(commands.setModelPolicy(key, policy)),
  /** Another name for a model; as a second entry, the same file with parameters of its own. Answers which model has it. */
  addAlias: (key: string, alias: string, secondEntry: boolean) =>
    unwrap(commands.addAlias(key, alias, secondEntry)),
  /** A second entry goes with its parameters. */
  removeAlias: (alias: string) => unwrap(commands.removeAlias(alias)),

  /** What is not given stays as it is. */
  setEndpoint: (change: EndpointChange) => unwrap(commands.setEndpoint(change)),
  setLimits: (limits: ServingLimits) => unwrap(commands.setLimits(limits)),
  commandLineStatus: () => unwrap(commands.commandLineStatus()),
  installCommandLine: () => unwrap(commands.installCommandLine()),
  removeCommandLine: () => unwrap(commands.removeCommandLine()),
  /** As a text that runs without Paddock. */
  copyCommandLine: (key: string, params: LoadParams) => unwrap(commands.copyCommandLine(key, params)),

  listPresets: () => unwrap(commands.listPresets()),
  /** One of this name is replaced. */
  savePreset: (name: string, params: LoadParams) => unwrap(commands.savePreset(name, params)),
  removePreset: (name: string) => unwrap(commands.removePreset(name)),
  /** `null` is none. */
  choosePreset: (key: string, preset: string | null) => unwrap(commands.usePreset(key, preset)),
  /** What counts for every model where neither it nor its preset says otherwise. */
  modelDefaults: () => unwrap(commands.modelDefaults()),
  saveModelDefaults: (params: LoadParams) => unwrap(commands.saveModelDefaults(params)),
  /** What a llama-server command line says, for the model's engine. */
  pasteCommandLine: (key: string, text: string) => unwrap(commands.pasteCommandLine(key, text)),
  /** What a model takes with these parameters over what is saved for it. */
  estimateMemory: (key: string, params: LoadParams) => unwrap(commands.estimateMemory(key, params)),
  /** The largest context and offload that fit. */
  fitParams: (key: string) => unwrap(commands.fitParams(key)),

  listKeys: () => unwrap(commands.listKeys()),
  /** The answer is the only time that the key is seen. */
  addKey: (name: string, manage: boolean) => unwrap(commands.addKey(name, manage)),
  removeKey: (name: string) => unwrap(commands.removeKey(name)),
  listRefusals: () => unwrap(commands.listRefusals()),
  allowRefused: (kind: RefusalKind, value: string) => unwrap(commands.allowRefused(kind, value)),
  gatewayStats: () => unwrap(commands.gatewayStats()),

  /** What this machine is; asks nobody outside. */
  machineSentence: () => unwrap(commands.machineSentence()),
  /** Models to begin with; asks the hub. */
  recommendModels: () => unwrap(commands.recommendModels()),
  finishFirstRun: () => unwrap(commands.finishFirstRun()),
  /** What `paddock doctor` finds, without paths and keys. */
  report: () => unwrap(commands.report()),
  /** Asks for a file; false when the dialog was cancelled. */
  saveText: (name: string, text: string) => unwrap(commands.saveText(name, text)),

  /** Kept chats; with a text, those that have it in them. */
  listChats: (text: string | null) => unwrap(commands.listChats(text)),
  getChat: (id: string) => unwrap(commands.getChat(id)),
  saveChat: (chat: Chat) => unwrap(commands.saveChat(chat)),
  renameChat: (id: string, title: string) => unwrap(commands.renameChat(id, title)),
  deleteChat: (id: string) => unwrap(commands.deleteChat(id)),
  /** Asks for a file; false when the dialog was cancelled. */
  exportChat: (id: string) => unwrap(commands.exportChat(id)),
  chatModel: (key: string) => unwrap(commands.chatModel(key)),
  /** Asks a model; answers when the last event was told. */
  startChat: (request: ChatRequest, take: (event: ChatEvent) => void) =>
    unwrap(commands.startChat(request, new Channel(take))),
  stopChat: (id: string) => unwrap(commands.stopChat(id)),
  /** Shows a web address outside the window. */
  openLink: (url: string) => unwrap(commands.openLink(url)),
  /** A file that was dropped on the window, as a data URL. */
  readImage: (path: string) => unwrap(commands.readImage(path)),

  /** Shows the data folder in the system's file manager. */
  openDataFolder: () => unwrap(commands.openDataFolder()),
  getSettings: () => unwrap(commands.getSettings()),
  setTheme: (theme: Theme) => unwrap(commands.setTheme(theme)),
  addModelFolder: () => unwrap(commands.addModelFolder()),
  removeModelFolder: (path: string) => unwrap(commands.removeModelFolder(path)),
  desktopSettings: () => unwrap(commands.desktopSettings()),
  /** What is not given stays as it is. */
  setDesktopSettings: (change: DesktopChange) => unwrap(commands.setDesktopSettings(change)),
  pickEngine: () => unwrap(commands.pickEngine()),
  chooseEngine: (name: string) => unwrap(commands.useEngine(name)),

  listEngines: () => unwrap(commands.listEngines()),
  /** Asks the engine itself: devices, version, options. */
  /** Lets an engine load a tiny model and answer; a failure says why it did not. */
  proveEngine: (name: string) => unwrap(commands.proveEngine(name)),
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
  setEngineUpdates: (autoUpdate: boolean, fetchMissing: boolean) =>
    unwrap(commands.setEngineUpdates(autoUpdate, fetchMissing)),
  dismissAnnouncement: (id: number) => unwrap(commands.dismissAnnouncement(id)),

  searchHub: (query: HubQuery) => unwrap(commands.searchHub(query)),
  /** The link that the app was started with; once. */
  openedLink: () => unwrap(commands.openedLink()),
  /** The files that were opened with Paddock outside the window; once. */
  openedFiles: () => unwrap(commands.openedFiles()),
  hubRepo: (id: string) => unwrap(commands.hubRepo(id, null)),
  downloadModel: (request: DownloadRequest) => unwrap(commands.downloadModel(request)),
  listDownloads: () => unwrap(commands.listDownloads()),
  pauseDownload: (id: string) => unwrap(commands.pauseDownload(id)),
  resumeDownload: (id: string) => unwrap(commands.resumeDownload(id)),
  /** Stops it and deletes what was fetched of it, and nothing else. */
  cancelDownload: (id: string) => unwrap(commands.cancelDownload(id)),
  dismissDownload: (id: string) => unwrap(commands.dismissDownload(id)),

  /** `null` forgets it. */
  setHubToken: (token: string | null) => unwrap(commands.setHubToken(token)),
  /** `null` is the hub itself. */
  setHubEndpoint: (endpoint: string | null) => unwrap(commands.setHubEndpoint(endpoint)),
  setDownloadLimits: (limits: DownloadLimits) => unwrap(commands.setDownloadLimits(limits)),
};
