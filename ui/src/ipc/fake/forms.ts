// The fake's presets, pasted command lines and memory: what a model takes follows the context and the cache types.
import type { DeviceMemory, Fit, LoadParams, MemoryEstimate, Pasted, Preset } from '../bindings';

type Args = Record<string, unknown>;

const WEIGHTS: Record<string, number> = {
  'google/gemma-3-270m-q4_k_m': 253_116_416,
  'qwen/qwen3-8b-q5_k_m': 5_850_000_000,
  'google/gemma-3-27b-it-q4_k_m': 16_500_000_000,
};
const FREE_BYTES = 16_900_000_000;
const CAPACITY_BYTES = 23_400_000_000;

export class FakeForms {
  constructor(private readonly savedOf: (key: string) => LoadParams = () => ({})) {}

  private saysLayers(key: string) {
    return typeof this.savedOf(key).nGpuLayers === 'number';
  }

  private presets: Preset[] = [
    { name: 'Long documents', params: { ctxSize: 32_768, cacheTypeK: 'q8_0' }, usedBy: [] },
    { name: 'Quick answers', params: { ctxSize: 2048, parallel: 1 }, usedBy: [] },
  ];
  private readonly chosen: Record<string, string> = {};
  private defaults: LoadParams = {};

  presetOf(key: string): string | null {
    return this.chosen[key] ?? null;
  }

  paramsOf(key: string): LoadParams {
    return this.presets.find(one => one.name === this.chosen[key])?.params ?? {};
  }

  private installed = false;

  private commandLine() {
    return {
      program: '/usr/lib/paddock/paddock',
      place: '/home/ada/.local/bin/paddock',
      installed: this.installed,
      ours: this.installed,
      onPath: true,
      blocked: false,
    };
  }

  readonly commands = {
    commandLineStatus: () => this.commandLine(),
    installCommandLine: () => {
      this.installed = true;
      return this.commandLine();
    },
    removeCommandLine: () => {
      this.installed = false;
      return this.commandLine();
    },
    listPresets: () => this.presets,
    savePreset: ({ name, params }: Args) => {
      this.presets = [
        ...this.presets.filter(one => one.name !== name),
        { name: name as string, params: params as LoadParams, usedBy: [] },
      ];
      return null;
    },
    removePreset: ({ name }: Args) => {
      this.presets = this.presets.filter(one => one.name !== name);
      for (const [key, chosen] of Object.entries(this.chosen)) if (chosen === name) delete this.chosen[key];
      return null;
    },
    usePreset: ({ key, preset }: Args) => {
      if (preset === null) delete this.chosen[key as string];
      else this.chosen[key as string] = preset as string;
      return null;
    },
    modelDefaults: () => this.defaults,
    saveModelDefaults: ({ params }: Args) => {
      this.defaults = params as LoadParams;
      return null;
    },
    pasteCommandLine: ({ text }: Args): Pasted => pasted(text as string),
    estimateMemory: ({ key, params }: Args) => estimate(key as string, params as LoadParams),
    fitParams: ({ key }: Args) => ({
      // What was said of the GPU is taken back.
      params: { ctxSize: 16_384, ...(this.saysLayers(key as string) && { nGpuLayers: 'auto' }) },
      sentence: 'A context of 16,384 fits with 1.2 GB to spare.',
      estimate: estimate(key as string, { ctxSize: 16_384 }),
    }),
  };
}

function pasted(text: string): Pasted {
  const words = text.trim().split(/\s+/);
  const after = (flag: string) => words[words.indexOf(flag) + 1];
  return {
    params: {
      ...(words.includes('-c') && { ctxSize: Number(after('-c')) }),
      ...(words.includes('-t') && { threads: Number(after('-t')) }),
    },
    ignored: words.includes('--port')
      ? [{ flag: '--port', value: after('--port') ?? null, reason: 'Paddock chooses the port' }]
      : [],
    unknown: words.includes('--flash') ? [{ flag: '--flash', value: null, suggestion: '--flash-attn' }] : [],
  };
}

function estimate(key: string, params: LoadParams): MemoryEstimate {
  const weights = WEIGHTS[key] ?? 958_000_000;
  const context = Number(params.ctxSize ?? 8192);
  const half = String(params.cacheTypeK ?? '').startsWith('q') ? 0.5 : 1;
  const kvCache = Math.round(context * (weights / 45_000) * half);
  const compute = 310_000_000;
  const totalBytes = weights + kvCache + compute;
  const verdict: Fit = totalBytes > FREE_BYTES ? 'tooBig' : totalBytes > FREE_BYTES * 0.9 ? 'tight' : 'fits';
  const ram: DeviceMemory = {
    name: 'RAM',
    description: 'Main memory',
    kind: 'ram',
    freeBytes: FREE_BYTES,
    capacityBytes: CAPACITY_BYTES,
    weights,
    repackedBytes: 0,
    kvCache,
    compute,
    output: 2_000_000,
    projector: 0,
    draft: 0,
    totalBytes,
    fit: verdict,
  };
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  const says = { fits: 'it fits', tight: 'it is tight', tooBig: 'it does not fit', unknown: '' }[verdict];
  return {
    devices: [ram],
    totalBytes,
    contextSize: context,
    sequenceTokens: context,
    parallel: 1,
    gpuLayers: 0,
    totalLayers: 19,
    trainingContext: 32_768,
    verdict,
    sentence: `Needs ${gigabytes(totalBytes)} GB of ${gigabytes(FREE_BYTES)} GB free: ${says}.`,
    remedies:
      verdict === 'fits'
        ? []
        : [{ change: 'context', params: { ctxSize: 4096 }, sentence: 'A context of 4,096 would fit.' }],
    corrected: false,
    mayGrowBytes: 0,
    notes:
      context > 32_768 ? ['The model was trained for 32,768 tokens; beyond that its answers get worse.'] : [],
  };
}
