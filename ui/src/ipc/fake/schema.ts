// The form's fields as two engines take them, after the table of the crate `load-params`.
import type { FieldSchema } from '../bindings';

const CACHE_TYPES = ['f32', 'f16', 'bf16', 'q8_0', 'q4_0', 'q4_1', 'iq4_nl', 'q5_0', 'q5_1'];
const INT_MAX = 2 ** 31 - 1;

type Short = Partial<FieldSchema> &
  Pick<FieldSchema, 'name' | 'label' | 'kind' | 'category' | 'help' | 'details'>;

function field(short: Short): FieldSchema {
  return {
    cliFlag: `--${short.name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`,
    min: null,
    max: null,
    recommendedMax: null,
    choices: [],
    unit: null,
    placeholder: null,
    supported: true,
    unsupportedReason: null,
    conflicts: [],
    ...short,
  };
}

const quantizedNeedsFlash = 'a quantized `cacheTypeV` needs flash attention';

export const newEngineFields: FieldSchema[] = [
  field({
    name: 'ctxSize',
    label: 'Context size',
    kind: 'integer',
    category: 'basic',
    min: 0,
    max: INT_MAX,
    unit: 'tokens',
    placeholder: '0',
    help: 'How much text the model can look back on, prompt and answer together.',
    details:
      'Memory for the KV cache grows with it. 0 is the length the model was trained for. Several parallel requests share it.',
  }),
  field({
    name: 'nGpuLayers',
    label: 'GPU layers',
    kind: 'integer',
    category: 'basic',
    min: 0,
    max: INT_MAX,
    choices: ['auto', 'all'],
    unit: 'layers',
    placeholder: 'auto',
    help: 'How many of the model’s layers the GPU takes.',
    details:
      '0 is the CPU alone, all puts every layer on the GPU whether it fits or not, auto lets the engine fill the memory there is.',
  }),
  field({
    name: 'enableThinking',
    label: 'Thinking',
    kind: 'boolean',
    category: 'basic',
    choices: ['true', 'false'],
    help: 'Whether a model that can think before it answers does so.',
    details: 'Off makes such a model answer at once. Models that cannot think are not changed.',
  }),
  field({
    name: 'flashAttn',
    label: 'Flash attention',
    kind: 'boolean',
    category: 'speed',
    choices: ['true', 'false', 'auto'],
    placeholder: 'auto',
    help: 'A way to compute attention that is faster and takes less memory.',
    details: 'auto uses it where the hardware can. A quantized V cache needs it.',
    conflicts: [{ with: 'cacheTypeV', reason: quantizedNeedsFlash }],
  }),
  field({
    name: 'threads',
    label: 'CPU threads',
    kind: 'integer',
    category: 'speed',
    min: 1,
    max: 512,
    unit: 'threads',
    placeholder: '-1',
    help: 'How many CPU threads compute.',
    details: 'More than the machine has cores makes it slower.',
  }),
  field({
    name: 'batchSize',
    label: 'Batch size',
    kind: 'integer',
    category: 'speed',
    min: 1,
    max: INT_MAX,
    unit: 'tokens',
    placeholder: '2048',
    help: 'How many tokens of a prompt are read at once.',
    details: 'Larger reads long prompts faster and takes more memory while it does.',
  }),
  field({
    name: 'mlock',
    label: 'Keep in memory',
    kind: 'boolean',
    category: 'memory',
    choices: ['true', 'false'],
    help: 'Keeps the system from moving the model out of memory.',
    details: 'Helps against pauses on a busy machine. It may need a higher limit on locked memory.',
  }),
  field({
    name: 'mmap',
    label: 'Map the file',
    kind: 'boolean',
    category: 'memory',
    choices: ['true', 'false'],
    help: 'Reads the model’s file through memory mapping.',
    details:
      'Loading is quicker and the pages are shared. Off can help where the file lies on a slow or a network disk.',
  }),
  field({
    name: 'cacheTypeK',
    label: 'K cache type',
    kind: 'choice',
    category: 'memory',
    choices: CACHE_TYPES,
    placeholder: 'f16',
    help: 'How the keys in the KV cache are stored.',
    details: 'q8_0 halves their memory for little loss; smaller types cost quality.',
  }),
  field({
    name: 'cacheTypeV',
    label: 'V cache type',
    kind: 'choice',
    category: 'memory',
    choices: CACHE_TYPES,
    placeholder: 'f16',
    help: 'How the values in the KV cache are stored.',
    details: 'q8_0 halves their memory for little loss. Any quantized type needs flash attention.',
    conflicts: [{ with: 'flashAttn', reason: quantizedNeedsFlash }],
  }),
  field({
    name: 'parallel',
    label: 'Parallel requests',
    kind: 'integer',
    category: 'context',
    min: 1,
    max: 256,
    unit: 'requests',
    placeholder: '-1',
    help: 'How many requests are answered at the same time.',
    details:
      'They share the context: with 4 requests and a context of 8192 tokens, each has 2048 unless the engine pools them.',
  }),
  field({
    name: 'seed',
    label: 'Seed',
    kind: 'integer',
    category: 'advanced',
    min: -1,
    max: 2 ** 32 - 1,
    placeholder: '-1',
    help: 'Where the random choices start: the same seed gives the same answer.',
    details: '-1 is another one each time. Requests that name a seed of their own are not changed.',
  }),
  field({
    name: 'ropeFreqBase',
    label: 'RoPE base frequency',
    kind: 'number',
    category: 'advanced',
    min: 0,
    help: 'The base of the rotary position embedding.',
    details: 'Leave it alone unless the model’s author says otherwise.',
  }),
  field({
    name: 'lora',
    label: 'LoRA adapters',
    kind: 'list',
    category: 'advanced',
    help: 'Adapters that are put on the model.',
    details: 'Paths of GGUF files, separated by commas.',
  }),
  field({
    name: 'tensorSplit',
    label: 'Tensor split',
    kind: 'numbers',
    category: 'advanced',
    help: 'How the model is divided among several GPUs.',
    details: 'One number for each GPU, such as 3,1.',
  }),
  field({
    name: 'env',
    label: 'Environment variables',
    kind: 'variables',
    category: 'advanced',
    help: 'Variables that the engine is started with.',
    details: 'Written as NAME=VALUE, separated by spaces.',
  }),
  field({
    name: 'chatTemplate',
    label: 'Chat template',
    kind: 'text',
    category: 'advanced',
    help: 'How a conversation is written out for the model.',
    details: 'A Jinja template, or the name of one that the engine knows.',
  }),
];

const OLD: Record<string, Partial<FieldSchema>> = {
  ctxSize: { placeholder: '4096' },
  nGpuLayers: { choices: ['all'], placeholder: null },
  enableThinking: {
    supported: false,
    unsupportedReason: 'this engine has no flag `--reasoning-budget`',
    choices: [],
  },
  flashAttn: { choices: ['true', 'false'], placeholder: 'false' },
  parallel: { placeholder: '1' },
};

/** b4575 of January 2025. */
export const oldEngineFields: FieldSchema[] = newEngineFields.map(known => ({
  ...known,
  ...OLD[known.name],
}));
