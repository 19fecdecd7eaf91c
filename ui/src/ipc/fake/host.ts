// The fake's behaviour: models that load step by step, parameters that are kept, a command line that follows them.
import { shellLine } from '../../format';
import {
  type ExtraValue,
  events,
  type LoadForm,
  type LoadParams,
  type Model,
  type ParamSource,
  type Preview,
  type Problem,
  type ServerStatus,
  type Snapshot,
} from '../bindings';
import { FakeChat } from './chat';
import { FakeDesktop } from './desktop';
import { FakeDownloads } from './downloads';
import { FakeEngines } from './engines';
import { FakeFirstRun } from './first-run';
import { FakeForms } from './forms';
import { FakeHubSettings } from './hub-settings';
import { detailsOf, foldersOf, foundModels } from './library';
import { loadLog } from './log';
import { added, gemma } from './models';
import { extraPiece } from './options';
import { type Scenario, server } from './scenarios';
import { newEngineFields, oldEngineFields } from './schema';
import { FakeServing } from './serving';

const STOP_MILLISECONDS = 120;
const DEFAULTS: LoadParams = { parallel: 4 };

type Args = Record<string, unknown>;

export class FakeHost {
  private revision = 1;
  private readonly saved: Record<string, LoadParams> = {
    [gemma.key]: { ctxSize: 8192, flashAttn: true, threads: 8 },
  };
  private readonly logs: Record<string, string[]> = {};
  private readonly loads = new Map<string, { cancel: () => void }>();
  private readonly scenario: Scenario;
  private readonly engines: FakeEngines;
  /** For tests: to set traffic in motion. */
  readonly serving: FakeServing;
  private readonly forms = new FakeForms(key => this.saved[key] ?? {});
  private readonly downloads: FakeDownloads;
  readonly chat: FakeChat;
  private readonly more: Record<string, (args: Args) => unknown>;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.engines = new FakeEngines(scenario, () => this.publish());
    this.serving = new FakeServing(scenario, () => this.publish());
    this.chat = new FakeChat(scenario);
    this.downloads = new FakeDownloads(scenario);
    this.more = {
      ...new FakeFirstRun(scenario).commands,
      ...this.chat.commands,
      ...this.serving.commands,
      ...this.forms.commands,
      ...this.engines.commands,
      ...new FakeDesktop().commands,
      ...this.downloads.commands,
      ...new FakeHubSettings(scenario).commands,
    };
    for (const one of scenario.snapshot.servers)
      this.logs[one.key] = one.error ? [...one.error.logTail] : [...loadLog];
  }

  async answer(command: string, args: Args): Promise<unknown> {
    const { delayMilliseconds, refuse } = this.scenario;
    if (delayMilliseconds > 0 && command !== 'startUp') await pause(delayMilliseconds);
    const refusal = refuse[command];
    if (refusal) throw refusal;
    const run = (this.commands as Record<string, (args: Args) => unknown>)[command] ?? this.more[command];
    if (!run) throw new Error(`the fake has no command ${command}`);
    return structuredClone(await run(args));
  }

  /** A new line of a model's log. */
  say(key: string, line: string): void {
    this.logs[key] ??= [];
    this.logs[key].push(line);
    void events.logLine.emit({ key, line });
  }

  /** Changes a server and tells everybody. */
  setServer(key: string, patch: Partial<ServerStatus> | null): void {
    const { snapshot } = this.scenario;
    const before =
      snapshot.servers.find(one => one.key === key) ??
      server(this.model(key), { state: 'stopped', running: false, pid: null });
    snapshot.servers = snapshot.servers.filter(one => one.key !== key);
    if (patch) snapshot.servers.push({ ...before, ...patch });
    this.publish();
  }

  private publish(): void {
    this.revision += 1;
    void events.snapshotChanged.emit(structuredClone(this.snapshot()));
  }

  private snapshot(): Snapshot {
    return { ...this.scenario.snapshot, revision: this.revision };
  }

  private model(key: string): Model {
    const model = this.scenario.models.find(one => one.key === key);
    if (!model) throw { code: 'model_not_found', message: `there is no model ${key}`, details: [], hint: '' };
    return model;
  }

  private readonly commands = {
    startUp: () => this.scenario.startUp,
    takeOver: async () => {
      await pause(400);
      this.scenario.startUp = { kind: 'ready', firstRun: false };
      return null;
    },
    quit: () => null,
    snapshot: () => this.snapshot(),
    listModels: () => this.scenario.models,
    importModels: ({ paths }: Args) => {
      if ((paths as string[]).some(path => !path.endsWith('.gguf'))) {
        throw {
          code: 'model_not_gguf',
          message: `${(paths as string[])[0]} is not a GGUF file`,
          details: [],
          hint: 'llama-server loads GGUF files only.',
        };
      }
      return this.add();
    },
    pickModelFiles: () => this.add(),
    foundElsewhere: () => foundModels,
    importFound: () => this.add(),
    modelDetails: ({ key }: Args) => detailsOf(this.model(key as string)),
    checkForNewer: () => ({ state: 'newer', revision: 'abc', sizeBytes: 253_200_000 }),
    libraryFolders: () => foldersOf(this.scenario.settings, this.scenario.models),
    moveModelsFolder: async ({ path }: Args) => {
      const from = path as string;
      const move = { from, to: '/disk/models', doneBytes: 2e9, totalBytes: 8e9, running: true, error: null };
      this.scenario.folderMove = move;
      while (this.scenario.folderMove === move) await pause(100);
      return true;
    },
    folderMove: () => this.scenario.folderMove,
    cancelFolderMove: () => {
      this.scenario.folderMove = null;
      return null;
    },
    removeModel: ({ key }: Args) => {
      this.scenario.models = this.scenario.models.filter(one => one.key !== key);
      this.downloads.forget(key as string);
      void events.libraryChanged.emit();
      return null;
    },
    loadForm: ({ key }: Args): LoadForm => {
      const saved = this.saved[key as string] ?? {};
      const { effective, sources } = this.resolve(key as string, saved);
      return {
        key: key as string,
        fields: this.fields(),
        saved,
        effective,
        sources,
        limits: { trainingContext: this.model(key as string).contextLength, blockCount: 18, cores: 8 },
        engine: this.model(key as string).engine ?? this.scenario.snapshot.engine,
        preset: this.forms.presetOf(key as string),
      };
    },
    previewLoad: ({ key, params }: Args): Preview =>
      this.preview(this.model(key as string), params as LoadParams),
    // The line without Paddock's own flags.
    copyCommandLine: ({ key, params }: Args): string => {
      const { commandLine } = this.preview(this.model(key as string), params as LoadParams);
      const ours = ['--alias', '--host', '--port'];
      const isOurs = (word: string | undefined) => word !== undefined && ours.includes(word);
      return shellLine(commandLine.filter((word, at) => !isOurs(word) && !isOurs(commandLine[at - 1])));
    },
    saveParams: ({ key, params }: Args) => {
      this.saved[key as string] = params as LoadParams;
      return null;
    },
    loadModel: ({ key }: Args) => this.load(this.model(key as string)),
    unloadModel: async ({ key }: Args) => {
      this.loads.get(key as string)?.cancel();
      this.setServer(key as string, { state: 'stopping', progress: null });
      await pause(STOP_MILLISECONDS);
      this.setServer(key as string, null);
      this.memory(0);
      return null;
    },
    modelLog: ({ key }: Args) => this.logs[key as string] ?? [],
    dismissAnnouncement: ({ id }: Args) => {
      const { snapshot } = this.scenario;
      snapshot.announcements = snapshot.announcements.filter(one => one.id !== id);
      this.publish();
      return null;
    },
    openDataFolder: () => null,
    getSettings: () => this.scenario.settings,
    setTheme: ({ theme }: Args) => {
      this.scenario.settings.theme = theme as Scenario['settings']['theme'];
      return null;
    },
    addModelFolder: () => {
      this.scenario.settings.modelFolders.push('/home/ada/Downloads');
      return this.scenario.settings;
    },
    removeModelFolder: ({ path }: Args) => {
      this.scenario.settings.modelFolders = this.scenario.settings.modelFolders.filter(one => one !== path);
      return this.scenario.settings;
    },
    pickEngine: () => {
      const path = '/opt/llama.cpp/llama-server';
      this.engines.add({ name: 'llama.cpp', path });
      return this.useEngine('llama.cpp');
    },
    useEngine: ({ name }: Args) => this.useEngine(name as string),
  };

  private useEngine(name: string) {
    delete this.scenario.refuse.loadModel;
    this.engines.use(name);
    return this.scenario.settings;
  }

  private add(): Model[] {
    if (!this.scenario.models.some(one => one.key === added.key))
      this.scenario.models = [...this.scenario.models, added];
    return [added];
  }

  private fields() {
    return this.scenario.oldEngine ? oldEngineFields : newEngineFields;
  }

  private resolve(
    key: string,
    params: LoadParams,
  ): { effective: LoadParams; sources: Record<string, ParamSource> } {
    const layers: [ParamSource, LoadParams][] = [
      ['fitted', { ctxSize: 8192 }],
      ['default', DEFAULTS],
      ['preset', this.forms.paramsOf(key)],
      ['saved', params],
    ];
    const sources: Record<string, ParamSource> = {};
    for (const [source, layer] of layers)
      for (const name of Object.keys({ ...layer, ...extrasOf(layer) })) sources[name] = source;
    return { effective: Object.assign({}, ...layers.map(([, layer]) => layer)), sources };
  }

  private preview(model: Model, params: LoadParams): Preview {
    const { effective, sources } = this.resolve(model.key, params);
    const flags = this.fields().flatMap(field => {
      const value = (effective as Record<string, unknown>)[field.name];
      if (value === undefined || !field.supported || typeof value === 'boolean')
        return field.name === 'flashAttn' && value === true ? ['--flash-attn', 'on'] : [];
      return [field.cliFlag, String(value)];
    });
    const problems: Problem[] = [];
    if (String(effective.cacheTypeV).startsWith('q') && effective.flashAttn === false) {
      problems.push({
        param: 'cacheTypeV',
        severity: 'error',
        message: 'a quantized `cacheTypeV` needs flash attention',
        hint: 'Set `flashAttn` to true, or `cacheTypeV` to f16.',
      });
    }
    if (Number(effective.threads ?? 0) > 8) {
      problems.push({
        param: 'threads',
        severity: 'warning',
        message: `\`threads\` is ${effective.threads}, but this machine has 8 processors`,
        hint: 'Try 8 or fewer.',
      });
    }
    for (const [flag, value] of Object.entries(extrasOf(effective))) {
      const { piece, problem } = extraPiece(flag, value ?? null);
      flags.push(...piece);
      if (problem) problems.push(problem);
    }
    const commandLine = [
      'llama-server',
      '--model',
      model.path,
      '--alias',
      model.key,
      ...flags,
      '--host',
      '127.0.0.1',
      '--port',
      '41873',
    ];
    return { commandLine, problems, effective, sources };
  }

  private async load(model: Model): Promise<ServerStatus> {
    const { key } = model;
    let cancelled = false;
    this.loads.set(key, {
      cancel: () => {
        cancelled = true;
      },
    });
    this.logs[key] = [];
    const startedAt = Date.now();
    const appliedParams = this.resolve(key, this.saved[key] ?? {}).effective;
    for (let step = 0; step <= 5; step += 1) {
      if (!cancelled) {
        this.setServer(key, {
          state: 'starting',
          running: true,
          progress: step / 5,
          error: null,
          pid: 52_001,
          startedAt,
          appliedParams,
          memory: { measuredBytes: null, predictedBytes: null },
        });
        for (const line of loadLog.slice(step * 3, step * 3 + 3)) this.say(key, line);
        await pause(this.scenario.stepMilliseconds);
      }
      if (cancelled)
        throw { code: 'cancelled', message: `loading ${key} was cancelled`, details: [], hint: '' };
    }
    this.loads.delete(key);
    this.memory(571_342_848);
    this.setServer(key, {
      state: 'ready',
      progress: null,
      memory: { measuredBytes: 571_342_848, predictedBytes: 602_112_000 },
    });
    return this.scenario.snapshot.servers.find(one => one.key === key) ?? server(model);
  }

  private memory(enginesBytes: number): void {
    const { memory } = this.scenario.snapshot;
    this.scenario.snapshot.memory = {
      ...memory,
      enginesBytes,
      availableBytes: memory.availableBytes + memory.enginesBytes - enginesBytes,
    };
  }
}

const extrasOf = (params: LoadParams) => (params.extraArgs ?? {}) as Record<string, ExtraValue | null>;

const pause = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds));
