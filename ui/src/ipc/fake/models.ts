// Models for the window to show: small and large, one in shards, one on a drive that is away, one that is broken.
import type { Model } from '../bindings';
import { noPolicy } from './serving';

type Short = Partial<Model> & Pick<Model, 'name' | 'publisher'>;

function model(short: Short): Model {
  const key =
    `${short.publisher ?? 'local'}/${short.name}-${(short.quantization ?? '').toLowerCase()}`.toLowerCase();
  const file = `${short.name}-${short.quantization ?? 'F16'}.gguf`;
  return {
    key,
    path: `/home/ada/.local/share/dev.paddock.desktop/models/${short.publisher ?? 'local'}/${short.name}/${file}`,
    sizeBytes: null,
    quantization: null,
    parameterCount: null,
    architecture: null,
    contextLength: null,
    present: true,
    problem: null,
    shardCount: 1,
    hasSavedParams: false,
    engine: null,
    folder: short.path ? null : '/home/ada/.local/share/dev.paddock.desktop/models',
    foundIn: null,
    hasProjector: false,
    sourceRepo: null,
    aliases: [],
    aliasOf: null,
    policy: noPolicy,
    details: [],
    ...short,
  };
}

const gemmaDetails = [
  { label: 'Layers', value: '18' },
  { label: 'Embedding length', value: '640' },
  { label: 'Attention heads', value: '4' },
  { label: 'Key and value heads', value: '1' },
  { label: 'Sliding window', value: '512 tokens' },
  { label: 'Vocabulary', value: '262144 tokens' },
  { label: 'Bits per weight', value: '7.36' },
  { label: 'Chat template', value: 'in the file' },
];

export const gemma = model({
  name: 'gemma-3-270m',
  publisher: 'google',
  quantization: 'Q4_K_M',
  architecture: 'gemma3',
  parameterCount: 268_098_176,
  sizeBytes: 253_116_416,
  contextLength: 32_768,
  hasSavedParams: true,
  sourceRepo: 'ggml-org/gemma-3-270m-GGUF',
  aliases: ['small'],
  details: gemmaDetails,
});

export const models: Model[] = [
  gemma,
  model({
    name: 'qwen3-8b',
    publisher: 'Qwen',
    quantization: 'Q5_K_M',
    architecture: 'qwen3',
    parameterCount: 8_190_735_360,
    sizeBytes: 5_851_112_896,
    contextLength: 40_960,
    hasSavedParams: true,
    details: [{ label: 'Architecture', value: 'qwen3' }],
  }),
  model({
    name: 'gemma-3-27b-it',
    publisher: 'google',
    quantization: 'Q4_K_M',
    architecture: 'gemma3',
    parameterCount: 27_009_346_304,
    sizeBytes: 16_546_404_320,
    contextLength: 131_072,
  }),
  model({
    name: 'nomic-embed-text-v2-moe',
    publisher: 'nomic-ai',
    quantization: 'F16',
    architecture: 'nomic-bert-moe',
    parameterCount: 475_292_928,
    sizeBytes: 957_648_032,
    contextLength: 512,
  }),
  model({
    name: 'Llama-3.3-70B-Instruct',
    publisher: 'meta',
    quantization: 'Q4_K_M',
    architecture: 'llama',
    parameterCount: 70_553_706_560,
    sizeBytes: 42_520_395_584,
    contextLength: 131_072,
    shardCount: 3,
  }),
  model({
    name: 'Mistral-Small-3.2-24B-Instruct-2506-abliterated-imatrix',
    path: '/srv/shared/Mistral-Small-3.2-24B-Instruct-2506-abliterated-imatrix-IQ3_XXS.gguf',
    publisher: 'community',
    quantization: 'IQ3_XXS',
    architecture: 'llama',
    parameterCount: 23_572_403_200,
    sizeBytes: 9_284_412_160,
    contextLength: 131_072,
  }),
  model({
    name: 'phi-4',
    publisher: 'microsoft',
    quantization: 'Q6_K',
    present: false,
    path: '/media/ada/models/microsoft/phi-4/phi-4-Q6_K.gguf',
    sizeBytes: 12_030_246_912,
    parameterCount: 14_659_507_200,
    architecture: 'phi3',
    contextLength: 16_384,
  }),
];

export const broken = model({
  name: 'smollm3-3b',
  publisher: 'HuggingFaceTB',
  quantization: 'Q8_0',
  sizeBytes: 1_073_741_824,
  problem: 'the file ends before its tensors do: 1.1 GB are there, 3.3 GB are expected',
});

export const added = model({
  name: 'granite-4.0-h-tiny',
  publisher: 'ibm',
  quantization: 'Q4_K_M',
  architecture: 'granitehybrid',
  parameterCount: 6_939_037_248,
  sizeBytes: 4_230_976_032,
  contextLength: 131_072,
});
