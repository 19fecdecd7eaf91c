// The states that the window can be opened in.
import type {
  ApiKey,
  AvailableEngines,
  Chat,
  EngineDetails,
  EngineRow,
  FolderMove,
  GatewayStats,
  IpcError,
  JobView,
  Model,
  Placement,
  Recommendation,
  Refusal,
  ServerFailure,
  ServerStatus,
  Settings,
  Snapshot,
  StartUp,
} from '../bindings';
import { someChats } from './chat';
import { availableEngines, engineDetails, engineRows } from './engines';
import { someOffers } from './first-run';
import { outOfMemoryLog } from './log';
import { broken, gemma, models } from './models';
import { moreChanges } from './more-scenarios';
import { noStats, serving, someKeys, someRefusals } from './serving';

export type Scenario = {
  startUp: StartUp;
  models: Model[];
  settings: Settings;
  snapshot: Omit<Snapshot, 'revision'>;
  engineRows: EngineRow[];
  engineDetails: EngineDetails;
  available: AvailableEngines;
  /** How an installation ends, where it does not end well. */
  installFails: IpcError | null;
  jobs: JobView[];
  /** Models to begin with. */
  recommendations: Recommendation[];
  chats: Chat[];
  apiKeys: ApiKey[];
  refusals: Refusal[];
  stats: GatewayStats;
  /** The hub takes its time. */
  slowHub: boolean;
  folderMove: FolderMove | null;
  oldEngine: boolean;
  /** Each of the six steps of a load takes this long. */
  stepMilliseconds: number;
  /** Every answer takes this long. */
  delayMilliseconds: number;
  /** Commands that are refused, and how. */
  refuse: Partial<Record<string, IpcError>>;
};

const DATA = '/home/ada/.local/share/dev.paddock.desktop';

export function server(model: Model, patch: Partial<ServerStatus> = {}): ServerStatus {
  return {
    key: model.key,
    state: 'ready',
    running: true,
    endpoint: 'http://127.0.0.1:8421',
    serverUrl: 'http://127.0.0.1:41873',
    modelPath: model.path,
    pid: 41_232,
    progress: null,
    error: null,
    startedAt: Date.now() - 754_000,
    memory: { measuredBytes: 571_342_848, predictedBytes: 602_112_000 },
    appliedParams: { ctxSize: 8192, flashAttn: true, threads: 8, parallel: 4 },
    requestsInFlight: 0,
    requestsWaiting: 0,
    idleSince: null,
    ttlSeconds: 3600,
    keepLoaded: false,
    waitingForRoom: false,
    makingRoom: false,
    restarts: 0,
    lastCrash: null,
    placement: null,
    ...patch,
  };
}

const ended = {
  running: false,
  pid: null,
  serverUrl: null,
  memory: { measuredBytes: null, predictedBytes: 24_100_000_000 },
};

const outOfMemory: ServerFailure = {
  code: 'out_of_memory',
  message: 'not enough memory',
  hint: 'Try a smaller context size, a quantized KV cache, fewer GPU layers, or a smaller quantization of the model.',
  logTail: outOfMemoryLog,
};

function base(): Scenario {
  return {
    startUp: { kind: 'ready', firstRun: false },
    recommendations: someOffers,
    models,
    settings: {
      port: 8421,
      host: '127.0.0.1',
      theme: 'system',
      modelFolders: ['/home/ada/Models', '/media/ada/models'],
      paddockModelsFolder: `${DATA}/models`,
      serving,
      hub: {
        endpoint: null,
        tokenSet: true,
        tokenSource: 'settings',
        tokenKept: 'keychain',
        connections: 4,
        parallelFiles: 2,
        bytesPerSecond: null,
      },
      autoUpdateEngines: false,
      fetchMissingEngine: true,
    },
    snapshot: {
      servers: [],
      endpoint: { url: 'http://127.0.0.1:8421', listening: true, error: null },
      memory: { totalBytes: 23_400_000_000, availableBytes: 17_400_000_000, enginesBytes: 0 },
      notices: [],
      version: '0.1.0',
      dataDir: DATA,
      engine: 'b11434-vulkan',
      engineJob: null,
      announcements: [],
    },
    engineRows,
    engineDetails,
    available: availableEngines,
    installFails: null,
    jobs: [],
    chats: [],
    apiKeys: [],
    refusals: [],
    stats: noStats,
    slowHub: false,
    folderMove: null,
    oldEngine: false,
    stepMilliseconds: 120,
    delayMilliseconds: 0,
    refuse: {},
  };
}

type Change = (scenario: Scenario) => void;
const qwen = models[1] ?? gemma;

const running =
  (...servers: ServerStatus[]): Change =>
  ({ snapshot }) => {
    snapshot.servers = servers;
    const ours = servers.reduce((sum, one) => sum + (one.memory.measuredBytes ?? 0), 0);
    snapshot.memory = {
      ...snapshot.memory,
      enginesBytes: ours,
      availableBytes: snapshot.memory.availableBytes - ours,
    };
  };
const starting = (progress: number | null, ageMilliseconds = 3400) =>
  server(qwen, {
    state: 'starting',
    progress,
    startedAt: Date.now() - ageMilliseconds,
    endpoint: null,
    memory: { measuredBytes: progress === null ? null : 2_480_000_000, predictedBytes: 7_100_000_000 },
    appliedParams: { ctxSize: 8192, parallel: 4 },
  });

const busyStats: GatewayStats = {
  total: {
    requests: 1284,
    failed: 6,
    inFlight: 5,
    waiting: 2,
    tokensPerSecond: 41.7,
    promptTokens: 812_400,
    completionTokens: 96_312,
    firstTokenMilliseconds: 412,
  },
  models: [
    {
      key: qwen.key,
      traffic: {
        requests: 1101,
        failed: 6,
        inFlight: 5,
        waiting: 2,
        tokensPerSecond: 41.7,
        promptTokens: 801_000,
        completionTokens: 91_900,
        firstTokenMilliseconds: 412,
      },
    },
  ],
  refused: 18,
};

const onRam = {
  name: 'RAM',
  weights: 253_116_416,
  repackedBytes: 0,
  kvCache: 61_341_696,
  compute: 268_435_456,
  output: 1_048_576,
  totalBytes: 583_942_144,
};

const placement: Placement = {
  predicted: [
    {
      ...onRam,
      description: 'Main memory',
      kind: 'ram',
      freeBytes: 16_900_000_000,
      capacityBytes: 23_400_000_000,
      projector: 0,
      draft: 0,
      fit: 'fits',
    },
  ],
  measured: [{ ...onRam, repackedBytes: 18_000_000, totalBytes: 601_942_144 }],
  contextSize: 8192,
  gpuLayers: 0,
  totalLayers: 19,
  flashAttention: true,
  warnings: ['No layer is on a GPU although all were asked for: this engine sees none here.'],
};

/** Paddock was never opened before, and this engine was found. */
function firstRunWith(scenario: Scenario, name: string): void {
  scenario.startUp = { kind: 'ready', firstRun: true };
  scenario.models = [];
  scenario.settings.modelFolders = [];
  scenario.snapshot.engine = name;
  scenario.engineRows = scenario.engineRows
    .filter(one => one.name === name)
    .map(one => ({ ...one, current: true, state: 'unproved', proved: false }));
}

const changes = {
  stopped: () => undefined,
  longLoad: scenario => {
    scenario.stepMilliseconds = 5000;
  },
  ready: running(server(gemma)),
  /** The engine took other than was asked for. */
  placed: running(server(gemma, { placement })),
  changed: running(
    server(gemma, { appliedParams: { ctxSize: 4096, threads: 8, flashAttn: true, parallel: 4 } }),
  ),
  two: running(
    server(gemma),
    server(qwen, {
      pid: 41_877,
      startedAt: Date.now() - 65_000,
      memory: { measuredBytes: 7_012_000_000, predictedBytes: 7_100_000_000 },
    }),
  ),
  busy: scenario => {
    running(
      server(gemma, {
        idleSince: Date.now() - 420_000,
        restarts: 2,
        lastCrash: {
          at: Date.now() - 600_000,
          failure: {
            code: 'engine_crashed',
            message: 'the engine ended with a segmentation fault',
            hint: 'Try another engine.',
            logTail: outOfMemoryLog,
          },
        },
      }),
      server(qwen, {
        pid: 41_877,
        startedAt: Date.now() - 65_000,
        memory: { measuredBytes: 7_012_000_000, predictedBytes: 7_100_000_000 },
        requestsInFlight: 3,
        requestsWaiting: 2,
        keepLoaded: true,
        ttlSeconds: -1,
      }),
    )(scenario);
    scenario.models = scenario.models.map(one =>
      one.key === qwen.key ? { ...one, policy: { ...one.policy, keepLoaded: true } } : one,
    );
    scenario.apiKeys = someKeys;
    scenario.refusals = someRefusals;
    scenario.stats = busyStats;
  },
  /** Other computers may reach the endpoint. */
  open: scenario => {
    running(server(gemma, { idleSince: Date.now() - 30_000 }))(scenario);
    scenario.apiKeys = someKeys.slice(0, 1);
    scenario.settings.host = '0.0.0.0';
    scenario.settings.serving = {
      ...scenario.settings.serving,
      allowedHosts: ['host.docker.internal', 'ai.example.org'],
      allowedOrigins: ['https://chat.example.org'],
    };
  },
  starting: running(starting(0.42)),
  startingOld: running(starting(null, 48_000)),
  stopping: running(server(gemma, { state: 'stopping' })),
  failed: running(
    server(qwen, { ...ended, state: 'failed', startedAt: Date.now() - 4000, error: outOfMemory }),
  ),
  failedBesideReady: running(
    server(gemma),
    server(qwen, { ...ended, state: 'failed', startedAt: Date.now() - 4000, error: outOfMemory }),
  ),
  refused: ({ refuse }) => {
    refuse.loadModel = {
      code: 'engine_missing',
      message: 'there is no engine at /media/ada/tools/llama-server',
      details: [],
      hint: 'Choose another engine with `paddock engine use NAME`.',
    };
  },
  empty: scenario => {
    scenario.models = [];
    scenario.settings.modelFolders = [];
  },
  broken: scenario => {
    scenario.models = [broken, ...models];
    scenario.snapshot.notices = [
      {
        message: 'The settings could not be read; the last good copy was put back.',
        keptAt: `${DATA}/settings.json.unreadable-2026-11-21`,
      },
    ];
  },
  /** Paddock was never opened before. */
  firstRun: scenario => {
    scenario.startUp = { kind: 'ready', firstRun: true };
    scenario.models = [];
    scenario.settings.modelFolders = [];
    scenario.snapshot.engine = null;
    scenario.engineRows = [];
  },
  firstRunOffline: scenario => {
    scenario.startUp = { kind: 'ready', firstRun: true };
    scenario.models = [];
    scenario.settings.modelFolders = [];
    scenario.refuse.recommendModels = {
      code: 'hub_offline',
      message: 'the hub cannot be reached',
      details: [],
      hint: 'Check the connection.',
    };
  },
  /** Never opened before, and an engine is here that nobody has tried. */
  firstRunUntried: scenario => {
    firstRunWith(scenario, 'llama-server');
  },
  firstRunDead: scenario => {
    firstRunWith(scenario, 'llama-server');
    scenario.refuse.proveEngine = {
      code: 'illegal_instruction',
      message: 'it ended with an illegal instruction',
      details: [],
      hint: 'Take another build.',
    };
  },
  noEngine: scenario => {
    const { snapshot, refuse } = scenario;
    snapshot.engine = null;
    scenario.engineRows = [];
    refuse.loadModel = { code: 'no_engine', message: 'no engine is set', details: [], hint: '' };
  },
  oldEngine: scenario => {
    scenario.oldEngine = true;
    scenario.snapshot.engine = 'b4575';
  },
  portTaken: ({ snapshot, refuse }) => {
    snapshot.endpoint = {
      url: 'http://127.0.0.1:8421',
      listening: false,
      error: 'port 8421 is taken by another program',
    };
    refuse.setEndpoint = {
      code: 'port_taken',
      message: 'port 8422 is taken by another program',
      details: [],
      hint: '',
    };
  },
  takeover: scenario => {
    scenario.startUp = { kind: 'occupied', pid: 3187, version: '0.1.0' };
  },
  startFailed: scenario => {
    scenario.startUp = {
      kind: 'failed',
      error: {
        code: 'data_dir_unwritable',
        message: `${DATA} cannot be written to`,
        details: ['Permission denied (os error 13)'],
        hint: 'Give yourself write access to the folder, or set PADDOCK_HOME to another one.',
      },
    };
  },
  slow: scenario => {
    scenario.delayMilliseconds = 60_000;
  },
  listFailed: ({ refuse }) => {
    refuse.listModels = {
      code: 'library_unreadable',
      message: 'The index of models could not be read: permission denied.',
      details: [],
      hint: '',
    };
    refuse.loadForm = refuse.listModels;
    refuse.getSettings = refuse.listModels;
  },
  cannotSave: ({ refuse }) => {
    refuse.saveParams = {
      code: 'settings_not_written',
      message: 'settings.json could not be written: no space left on device',
      details: [],
      hint: 'Free some space.',
    };
    refuse.removeModelFolder = refuse.saveParams;
  },
  noTrash: scenario => {
    scenario.snapshot.servers = [];
    scenario.refuse.removeModel = {
      code: 'no_trash',
      message: 'gemma-3-270m-Q4_K_M.gguf could not be moved to the trash: there is none on that disk',
      details: [],
      hint: '',
    };
  },
  ...moreChanges,
  chats: scenario => {
    running(server(gemma))(scenario);
    scenario.chats = structuredClone(someChats);
  },
  /** A model that sees. */
  vision: scenario => {
    scenario.models = scenario.models.map(one =>
      one.key === gemma.key ? { ...one, hasProjector: true } : one,
    );
    running(server(gemma))(scenario);
  },
  /** A model was loaded while there was no engine. */
  engineForModel: scenario => {
    moreChanges.loadsEngine(scenario);
    running(starting(null))(scenario);
  },
} satisfies Record<string, Change>;

export type ScenarioName = keyof typeof changes;

export function scenarioOf(name: string | null): Scenario {
  const scenario = structuredClone(base());
  const change: Change = changes[(name ?? 'ready') as ScenarioName] ?? changes.ready;
  change(scenario);
  return scenario;
}
