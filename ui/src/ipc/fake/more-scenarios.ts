// States of engines, of the hub, and of downloads.
import type { JobFile, JobView } from '../bindings';
import { engineJob, offline } from './engines';
import type { Scenario } from './scenarios';

type Change = (scenario: Scenario) => void;

function job(patch: Partial<JobView> & Pick<JobView, 'id' | 'label' | 'state'>): JobView {
  const [repo = null, variant = null] = patch.label.split(':');
  return {
    reason: null,
    error: null,
    downloadedBytes: 0,
    totalBytes: null,
    bytesPerSecond: 0,
    secondsLeft: null,
    files: [],
    tag: { kind: 'model', repo, variant, key: null },
    startedAt: Date.now() - 64_000,
    finishedAt: null,
    ...patch,
  };
}

const file = (path: string, total: number, part: number, state: JobFile['state']): JobFile => ({
  path,
  downloadedBytes: Math.round(total * part),
  totalBytes: total,
  state,
});

const QWEN = 'Qwen_Qwen3-8B-Q4_K_M.gguf';
const LLAMA = (index: number) => `Q4_K_M/Llama-3.3-70B-Instruct-Q4_K_M-0000${index}-of-00003.gguf`;

const running = job({
  id: 'a',
  label: 'bartowski/Qwen_Qwen3-8B-GGUF:Q4_K_M',
  state: 'running',
  downloadedBytes: 2_112_000_000,
  totalBytes: 5_016_825_408,
  bytesPerSecond: 12_400_000,
  secondsLeft: 234,
  files: [file(QWEN, 5_016_825_408, 0.421, 'running')],
  tag: { kind: 'model', repo: 'bartowski/Qwen_Qwen3-8B-GGUF', variant: 'Q4_K_M', key: null },
});

const shards = job({
  id: 'b',
  label: 'unsloth/Llama-3.3-70B-Instruct-GGUF:Q4_K_M',
  state: 'running',
  downloadedBytes: 18_204_000_000,
  totalBytes: 42_520_395_584,
  bytesPerSecond: 31_800_000,
  secondsLeft: 765,
  files: [
    file(LLAMA(1), 14_173_465_194, 1, 'done'),
    file(LLAMA(2), 14_173_465_194, 0.28, 'running'),
    file(LLAMA(3), 14_173_465_196, 0, 'queued'),
  ],
  tag: { kind: 'model', repo: 'unsloth/Llama-3.3-70B-Instruct-GGUF', variant: 'Q4_K_M', key: null },
});

const rest: JobView[] = [
  job({
    id: 'c',
    label: 'google/gemma-3-12b-it-qat-q4_0-gguf:Q4_0',
    state: 'failed',
    downloadedBytes: 0,
    totalBytes: 8_074_000_000,
    error: {
      code: 'hub_gated',
      message: 'the terms of google/gemma-3-12b-it-qat-q4_0-gguf have not been accepted',
      hint: '',
    },
    files: [file('gemma-3-12b-it-q4_0.gguf', 7_220_000_000, 0, 'failed')],
    tag: { kind: 'model', repo: 'google/gemma-3-12b-it-qat-q4_0-gguf', variant: 'Q4_0', key: null },
  }),
  job({
    id: 'd',
    label: 'ggml-org/gpt-oss-20b-GGUF:Q6_K',
    state: 'waiting',
    reason: 'the disk has 2.1 GB free, 17.3 GB are needed',
    downloadedBytes: 640_000_000,
    totalBytes: 17_254_674_676,
    files: [file('gpt-oss-20b-Q6_K.gguf', 17_254_674_676, 0.04, 'waiting')],
  }),
  job({
    id: 'e',
    label:
      'community-of-very-long-names/Mistral-Small-3.2-24B-Instruct-2506-abliterated-imatrix-merged-v2-GGUF:IQ4_XS',
    state: 'paused',
    downloadedBytes: 9_100_000_000,
    totalBytes: 12_670_166_720,
    files: [file('Mistral-Small-3.2-24B-IQ4_XS.gguf', 12_670_166_720, 0.72, 'paused')],
  }),
  job({
    id: 'f',
    label: 'bartowski/SmolLM3-3B-GGUF:Q8_0',
    state: 'queued',
    totalBytes: 3_275_000_000,
    files: [file('SmolLM3-3B-Q8_0.gguf', 3_275_000_000, 0, 'queued')],
  }),
  job({
    id: 'g',
    label: 'unsloth/phi-4-GGUF:Q4_K_M',
    state: 'verifying',
    downloadedBytes: 9_053_114_816,
    totalBytes: 9_053_114_816,
    files: [file('phi-4-Q4_K_M.gguf', 9_053_114_816, 1, 'verifying')],
  }),
  job({
    id: 'h',
    label: 'nomic-ai/nomic-embed-text-v2-moe-GGUF:F16',
    state: 'done',
    downloadedBytes: 957_648_032,
    totalBytes: 957_648_032,
    finishedAt: Date.now() - 30_000,
    files: [file('nomic-embed-text-v2-moe-f16.gguf', 957_648_032, 1, 'done')],
    tag: {
      kind: 'model',
      repo: 'nomic-ai/nomic-embed-text-v2-moe-GGUF',
      variant: 'F16',
      key: 'nomic-ai/nomic-embed-text-v2-moe-f16',
    },
  }),
];

const refused =
  (code: string, message: string, hint = ''): Change =>
  ({ refuse }) => {
    refuse.searchHub = { code, message, details: [], hint };
    refuse.hubRepo = refuse.searchHub;
  };

const installing =
  (state: Parameters<typeof engineJob>[2], progress = 0): Change =>
  ({ snapshot }) => {
    snapshot.engineJob = engineJob('b11512', 'vulkan', state, progress);
  };

export const moreChanges = {
  downloading: scenario => {
    scenario.jobs = [running, shards];
  },
  manyDownloads: scenario => {
    scenario.jobs = [running, shards, ...rest];
  },
  interrupted: scenario => {
    scenario.jobs = [running, shards].map(one => ({
      ...one,
      state: 'interrupted',
      bytesPerSecond: 0,
      secondsLeft: null,
    }));
  },
  hubOffline: refused('hub_offline', 'huggingface.co cannot be reached: dns error'),
  hubLimited: refused(
    'hub_rate_limited',
    'the hub allows no more requests for now',
    'Try again in 4 minutes.',
  ),
  hubRefused: refused('hub_unauthorized', 'the hub answered 401'),
  noToken: ({ settings }) => {
    settings.hub = { ...settings.hub, tokenSet: false, tokenSource: null, tokenKept: null };
  },
  installLooking: installing('looking'),
  installFetching: installing('fetching', 0.42),
  installProving: installing('proving'),
  installFailed: scenario => {
    scenario.snapshot.engineJob = {
      ...engineJob('b11512', 'vulkan', 'failed'),
      error: {
        code: 'illegal_instruction',
        message: 'the engine ended with an illegal instruction while it loaded the proof model',
        details: ['0.00.012.310 I llama_model_loader: loaded meta data', 'Illegal instruction (core dumped)'],
        hint: 'This build needs a newer processor. Try the CPU variant, or an older build.',
      },
    };
  },
  installWillFail: scenario => {
    scenario.installFails = {
      code: 'no_digest',
      message: 'the release gives no checksum for llama-b11512-bin-ubuntu-vulkan-x64.zip',
      details: [],
      hint: 'Choose another build, or install it without a checksum.',
    };
  },
  releasesOffline: ({ available }) => {
    available.problem = offline;
    available.checkedAt = Date.now() - 3 * 86_400_000;
  },
  nothingKnown: ({ available }) => {
    available.problem = offline;
    available.builds = [];
    available.variants = [];
    available.updateAvailable = null;
    available.checkedAt = null;
  },
  rolledBack: ({ snapshot }) => {
    snapshot.announcements = [
      {
        id: 1,
        code: 'engine_rolled_back',
        message:
          'b11434-vulkan failed three times in a row, so b11212-vulkan is in use again. The engines page has both.',
        at: Date.now() - 60_000,
      },
    ];
  },
  upToDate: ({ available }) => {
    available.updateAvailable = null;
  },
  /** A model was loaded while there was no engine. */
  loadsEngine: scenario => {
    scenario.engineRows = [];
    scenario.snapshot.engine = null;
    scenario.snapshot.engineJob = engineJob('b11512', 'vulkan', 'fetching', 0.42);
  },
  hubSlow: scenario => {
    scenario.slowHub = true;
  },
  noEngineAlone: scenario => {
    scenario.engineRows = [];
    scenario.snapshot.engine = null;
  },
  engineMute: ({ refuse, engineDetails }) => {
    engineDetails.devices = [];
    refuse.engineDetails = {
      code: 'engine_failed',
      message: 'the engine did not answer within 10 seconds',
      details: [],
      hint: '',
    };
  },
  cpuOnly: ({ engineDetails }) => {
    engineDetails.devices = [];
  },
} satisfies Record<string, Change>;
