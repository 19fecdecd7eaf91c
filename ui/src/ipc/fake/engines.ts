// The fake's engines: some that are here, some that could be, and an installation that goes step by step.
import type { AvailableEngines, EngineDetails, EngineJob, EngineRow } from '../bindings';
import { engineOptions } from './options';
import type { Scenario } from './scenarios';

const DATA = '/home/ada/.local/share/dev.paddock.desktop';
const DAY = 86_400_000;
const dateOf = (days: number) => new Date(Date.now() - days * DAY - 3_600_000).toISOString();
const SIZE = 41_238_112;
const STEPS = 6;

type Args = Record<string, unknown>;

function row(patch: Partial<EngineRow> & Pick<EngineRow, 'name' | 'path'>): EngineRow {
  return {
    current: false,
    present: true,
    source: 'paddock',
    build: null,
    variant: null,
    sizeBytes: null,
    state: 'good',
    problem: null,
    proved: true,
    previous: false,
    pinnedBy: 0,
    ...patch,
  };
}

export const engineRows: EngineRow[] = [
  row({
    name: 'b11434-vulkan',
    path: `${DATA}/engines/b11434-vulkan/llama-server`,
    current: true,
    build: 'b11434',
    variant: 'vulkan',
    sizeBytes: 128_412_004,
  }),
  row({
    name: 'b11212-vulkan',
    path: `${DATA}/engines/b11212-vulkan/llama-server`,
    build: 'b11212',
    variant: 'vulkan',
    sizeBytes: 121_004_113,
    previous: true,
    pinnedBy: 1,
  }),
  row({
    name: 'b10434-cpu',
    path: `${DATA}/engines/b10434-cpu/llama-server`,
    build: 'b10434',
    variant: 'cpu',
    sizeBytes: 38_112_004,
    state: 'failed',
    proved: false,
    problem: 'it ended with an illegal instruction: this processor lacks what the build needs',
  }),
  row({
    name: 'my-build',
    path: '/home/ada/src/llama.cpp/build/bin/llama-server',
    source: 'added',
    state: 'unproved',
    proved: false,
  }),
  row({ name: 'llama-server', path: '/usr/local/bin/llama-server', source: 'path', build: 'b10434' }),
  row({ name: 'usb-stick', path: '/media/ada/tools/llama-server', source: 'added', present: false }),
];

export const engineDetails: EngineDetails = {
  devices: [
    {
      name: 'Vulkan0',
      description: 'NVIDIA GeForce RTX 4060 Ti',
      totalBytes: 17_179_869_184,
      freeBytes: 15_612_000_000,
    },
    {
      name: 'Vulkan1',
      description: 'AMD Radeon Graphics (RADV RAPHAEL_MENDOCINO)',
      totalBytes: 11_700_000_000,
      freeBytes: 11_500_000_000,
    },
  ],
  version: 'b11434 (9f2e41c)',
  flagCount: 312,
  speaksChildProtocol: true,
};

const build = (tag: string, days: number, installed = false) => ({
  tag,
  publishedAt: dateOf(days),
  notesUrl: `https://github.com/ggml-org/llama.cpp/releases/tag/${tag}`,
  newest: tag === 'b11512',
  installed,
});

const variant = (id: string, label: string, works: boolean, reason: string, sizeBytes = SIZE) => ({
  id,
  label,
  works,
  reason,
  recommended: id === 'vulkan',
  sizeBytes,
  installed: false,
});

export const availableEngines: AvailableEngines = {
  machine: {
    os: 'Linux x86-64',
    cpu: 'AMD Ryzen 7 7700X',
    gpus: [
      { name: 'NVIDIA GeForce RTX 4060 Ti', vendor: 'nvidia', driver: '570.86', memoryBytes: 17_179_869_184 },
    ],
    sentence: 'Linux x86-64, AMD Ryzen 7 7700X, NVIDIA GeForce RTX 4060 Ti (driver 570.86).',
  },
  builds: [
    build('b11512', 1),
    build('b11487', 4),
    build('b11434', 9, true),
    build('b11390', 14),
    build('b11212', 31, true),
  ],
  variants: [
    variant('cpu', 'CPU', true, 'Runs on any processor with AVX2, without the GPU.', 16_102_331),
    variant('vulkan', 'Vulkan', true, 'Uses the GPU through its ordinary driver.'),
    variant('cuda', 'CUDA 12.8', false, 'There is no official CUDA build for Linux.'),
    variant('rocm', 'ROCm 6.4', false, 'Needs an AMD GPU with ROCm 6.4; none was found.', 612_004_118),
    variant('sycl', 'SYCL', false, 'Needs an Intel GPU; none was found.', 98_000_000),
  ],
  build: 'b11512',
  sentence:
    'Uses your NVIDIA GeForce RTX 4060 Ti through its ordinary driver; nothing else has to be installed.',
  updateAvailable: 'b11512',
  checkedAt: Date.now() - 3_600_000,
  problem: null,
};

export const offline = {
  code: 'releases_offline',
  message: 'api.github.com cannot be reached: connection refused',
  details: [],
  hint: 'Check the connection or the proxy.',
};

export class FakeEngines {
  private run = 1;
  private readonly scenario: Scenario;
  private readonly publish: () => void;

  constructor(scenario: Scenario, publish: () => void) {
    this.scenario = scenario;
    this.publish = publish;
  }

  readonly commands = {
    listEngines: () => this.scenario.engineRows,
    engineDetails: () => this.scenario.engineDetails,
    proveEngine: async ({ name }: Args) => {
      await new Promise(resolve => setTimeout(resolve, 4 * this.scenario.stepMilliseconds));
      this.scenario.engineRows = this.scenario.engineRows.map(one =>
        one.name === name ? { ...one, state: 'good', proved: true } : one,
      );
      return null;
    },
    availableEngines: ({ refresh, build: tag }: Args) => {
      if (refresh && !this.scenario.available.problem) this.scenario.available.checkedAt = Date.now();
      const { available, engineRows: rows } = this.scenario;
      const of = (tag as string | null) ?? available.builds[0]?.tag ?? null;
      const variants = available.variants.map(one => ({
        ...one,
        installed: rows.some(other => other.build === of && other.variant === one.id),
      }));
      return { ...available, build: of, variants };
    },
    installEngine: ({ build: tag, variant: id }: Args) => {
      void this.install(tag as string, (id as string | null) ?? 'vulkan');
      return null;
    },
    cancelEngineInstall: () => {
      this.run += 1;
      this.setJob(null);
      return null;
    },
    removeEngine: ({ name }: Args) => {
      this.scenario.engineRows = this.scenario.engineRows.filter(one => one.name !== name);
      return null;
    },
    rollBackEngine: () => {
      const back = this.scenario.engineRows.find(one => one.previous);
      if (back) this.use(back.name);
      return null;
    },
    engineOptions: () => engineOptions,
    pinModel: ({ key, engine }: Args) => {
      const pinned = (name: string) => this.scenario.models.filter(one => one.engine === name).length;
      this.scenario.models = this.scenario.models.map(one =>
        one.key === key ? { ...one, engine: engine as string | null } : one,
      );
      this.scenario.engineRows = this.scenario.engineRows.map(one => ({
        ...one,
        pinnedBy: pinned(one.name),
      }));
      return null;
    },
    setEngineUpdates: ({ autoUpdate, fetchMissing }: Args) => {
      this.scenario.settings.autoUpdateEngines = autoUpdate as boolean;
      this.scenario.settings.fetchMissingEngine = fetchMissing as boolean;
      return this.scenario.settings;
    },
  };

  /** Makes an engine current; the one before becomes the one to go back to. */
  use(name: string): void {
    this.scenario.engineRows = this.scenario.engineRows.map(one => ({
      ...one,
      current: one.name === name,
      previous: one.current && one.name !== name,
    }));
    this.scenario.snapshot.engine = name;
    this.publish();
  }

  add(engine: Pick<EngineRow, 'name' | 'path'>): void {
    this.scenario.engineRows = [
      ...this.scenario.engineRows.filter(one => one.name !== engine.name),
      row({ ...engine, source: 'added' }),
    ];
  }

  private setJob(job: EngineJob | null): void {
    this.scenario.snapshot.engineJob = job;
    this.publish();
  }

  private async install(tag: string, id: string): Promise<void> {
    this.run += 1;
    const run = this.run;
    const job: EngineJob = { ...engineJob(tag, id, 'looking'), id: run };
    const stages: EngineJob[] = [
      job,
      ...Array.from({ length: STEPS }, (_, step) => engineJob(tag, id, 'fetching', step / STEPS)),
      engineJob(tag, id, 'unpacking'),
      engineJob(tag, id, 'proving'),
    ];
    for (const stage of stages) {
      if (run !== this.run) return;
      this.setJob({ ...stage, id: run });
      await new Promise(resolve => setTimeout(resolve, this.scenario.stepMilliseconds));
    }
    if (run !== this.run) return;
    const error = this.scenario.installFails;
    if (error) return this.setJob({ ...job, state: 'failed', error });
    const name = `${tag}-${id}`;
    const path = `${DATA}/engines/${name}/llama-server`;
    this.scenario.engineRows = [
      row({ name, path, build: tag, variant: id, sizeBytes: 128_412_004 }),
      ...this.scenario.engineRows.filter(one => one.name !== name),
    ];
    this.scenario.available.updateAvailable = null;
    this.scenario.snapshot.engineJob = { ...job, state: 'done', step: `${name} is in use.`, engine: name };
    this.use(name);
  }
}

const STEP_SENTENCES: Record<EngineJob['state'], string> = {
  looking: 'Looking for the right build',
  fetching: 'Downloading the engine',
  unpacking: 'Unpacking',
  proving: 'Running a tiny model to prove that it works',
  done: 'Installed',
  failed: 'Failed',
};

export function engineJob(tag: string, id: string, state: EngineJob['state'], progress = 0): EngineJob {
  const fetching = state === 'fetching';
  return {
    id: 1,
    build: tag,
    variant: id,
    state,
    step: STEP_SENTENCES[state],
    downloadedBytes: fetching ? SIZE * progress : 0,
    totalBytes: fetching ? SIZE : null,
    bytesPerSecond: fetching ? 3_140_000 : 0,
    secondsLeft: fetching ? (SIZE * (1 - progress)) / 3_140_000 : null,
    error: null,
    engine: null,
  };
}
