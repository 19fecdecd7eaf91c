// A small hub: repositories of many sizes, one with terms, one with nothing to run, and enough others to scroll.
import type { Fit, HubRepo, HubRepoRow, HubVariant } from '../bindings';

const FREE = 17_400_000_000;
const DAY = 86_400_000;

const QUANTIZATIONS: [string, number, string][] = [
  ['BF16', 16, 'As published, twice the size for nothing you would notice'],
  ['Q8_0', 8.5, 'Hardly to be told from the original'],
  ['Q6_K', 6.6, 'Very close to the original'],
  ['Q5_K_M', 5.7, 'Close to the original'],
  ['Q4_K_M', 4.9, 'Good; the usual choice'],
  ['IQ4_XS', 4.3, 'Good for its size, a little slower on the processor'],
  ['Q3_K_M', 3.9, 'Noticeably worse'],
  ['Q2_K', 3.1, 'Much worse; only where nothing else fits'],
];

const gb = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

function fitOf(bytes: number): { fit: Fit; fitSentence: string } {
  const needs = bytes * 1.18 + 400_000_000;
  if (needs < FREE * 0.85)
    return {
      fit: 'fits',
      fitSentence: `Needs about ${gb(needs)} with 32,768 tokens of context; ${gb(FREE)} are free.`,
    };
  if (needs < FREE)
    return {
      fit: 'tight',
      fitSentence: `Needs about ${gb(needs)} with 8,192 tokens of context, of ${gb(FREE)} that are free: close other programs.`,
    };
  return { fit: 'tooBig', fitSentence: `Needs about ${gb(needs)}; only ${gb(FREE)} are free.` };
}

function variantsOf(name: string, parameters: number, vision: boolean): HubVariant[] {
  const sized = QUANTIZATIONS.map(([quantization, bits, qualityWords]) => {
    const sizeBytes = Math.round((parameters * bits) / 8);
    return { quantization, bits, qualityWords, sizeBytes, ...fitOf(sizeBytes) };
  });
  const best =
    sized.find(one => one.quantization === 'Q4_K_M' && one.fit === 'fits') ??
    sized.find(one => one.fit === 'fits');
  return sized.map(({ quantization, bits, qualityWords, sizeBytes, fit, fitSentence }) => {
    const shards = Math.max(1, Math.ceil(sizeBytes / 40_000_000_000));
    const part = (index: number) =>
      shards === 1
        ? `${name}-${quantization}.gguf`
        : `${quantization}/${name}-${quantization}-0000${index + 1}-of-0000${shards}.gguf`;
    const files = Array.from({ length: shards }, (_, index) => ({
      path: part(index),
      sizeBytes: Math.round(sizeBytes / shards),
    }));
    if (vision) files.push({ path: `mmproj-${name}-f16.gguf`, sizeBytes: 851_000_000 });
    const recommended = quantization === best?.quantization;
    return {
      name: quantization,
      quantization,
      qualityWords,
      sizeBytes: sizeBytes + (vision ? 851_000_000 : 0),
      bitsPerWeight: bits,
      files,
      projector: vision ? `mmproj-${name}-f16.gguf` : null,
      fit,
      fitSentence,
      recommended,
      why: recommended
        ? 'The usual choice: little quality lost, and half the memory and twice the speed of 8 bits.'
        : null,
      localKey: null,
      jobId: null,
      missing: [],
    };
  });
}

type Short = {
  id: string;
  architecture: string | null;
  parameters: number | null;
  contextLength: number | null;
  downloads: number;
  likes: number;
  days: number;
  task?: string;
  gated?: boolean;
  vision?: boolean;
  summary?: string;
  licence?: string;
};

const shorts: Short[] = [
  {
    id: 'bartowski/Qwen_Qwen3-8B-GGUF',
    architecture: 'qwen3',
    parameters: 8_190_735_360,
    contextLength: 40_960,
    downloads: 1_240_331,
    likes: 812,
    days: 12,
    licence: 'apache-2.0',
    summary:
      'Quantizations of Qwen3-8B, made with an importance matrix. Qwen3 is the newest generation of large language models in the Qwen series, a family of dense and mixture-of-experts models. It can switch between a thinking mode for hard questions of mathematics and code and a quick mode for everyday conversation, follows instructions well, calls tools, and speaks more than a hundred languages and dialects. The thinking mode can be turned off for each request.',
  },
  {
    id: 'google/gemma-3-12b-it-qat-q4_0-gguf',
    architecture: 'gemma3',
    parameters: 11_765_788_416,
    contextLength: 131_072,
    downloads: 402_117,
    likes: 1204,
    days: 71,
    task: 'image-text-to-text',
    gated: true,
    vision: true,
    licence: 'gemma',
    summary: 'Gemma 3 with quantization-aware training: the quality of the original at a third of its size.',
  },
  {
    id: 'unsloth/Llama-3.3-70B-Instruct-GGUF',
    architecture: 'llama',
    parameters: 70_553_706_560,
    contextLength: 131_072,
    downloads: 98_412,
    likes: 241,
    days: 210,
    licence: 'llama3.3',
    summary: 'Dynamic quantizations of Llama 3.3 70B Instruct.',
  },
  {
    id: 'ggml-org/gpt-oss-20b-GGUF',
    architecture: 'gpt-oss',
    parameters: 20_914_757_184,
    contextLength: 131_072,
    downloads: 889_120,
    likes: 655,
    days: 4,
    licence: 'apache-2.0',
  },
  {
    id: 'nomic-ai/nomic-embed-text-v2-moe-GGUF',
    architecture: 'nomic-bert-moe',
    parameters: 475_292_928,
    contextLength: 512,
    downloads: 22_104,
    likes: 58,
    days: 330,
    task: 'feature-extraction',
    licence: 'apache-2.0',
  },
  {
    id: 'community-of-very-long-names/Mistral-Small-3.2-24B-Instruct-2506-abliterated-imatrix-merged-v2-GGUF',
    architecture: 'llama',
    parameters: 23_572_403_200,
    contextLength: 131_072,
    downloads: 940,
    likes: 7,
    days: 0,
  },
  {
    id: 'Qwen/Qwen3-8B',
    architecture: null,
    parameters: null,
    contextLength: null,
    downloads: 3_104_554,
    likes: 711,
    days: 140,
    licence: 'apache-2.0',
    summary: 'The original weights in full precision.',
  },
];

const FAMILIES = ['SmolLM3-3B', 'granite-4.0-h-tiny', 'phi-4', 'Qwen3-4B-Thinking-2507', 'gemma-3-4b-it'];
const MAKERS = ['bartowski', 'unsloth', 'lmstudio-community', 'mradermacher', 'ggml-org', 'TheDrummer'];

for (let index = 0; index < 30; index += 1) {
  const family = FAMILIES[index % FAMILIES.length];
  shorts.push({
    id: `${MAKERS[index % MAKERS.length]}/${family}-GGUF`,
    architecture: 'llama',
    parameters: (2 + ((index * 7) % 15)) * 1_000_000_000,
    contextLength: 32_768,
    downloads: 90_000 - index * 2711,
    likes: 310 - index * 9,
    days: 3 + index * 11,
    licence: 'mit',
  });
}

const dateOf = (days: number) => new Date(Date.now() - days * DAY - 3_600_000).toISOString();
const nameOf = (id: string) => id.split('/')[1] ?? id;

function usual(short: Short): HubVariant[] {
  return short.parameters === null
    ? []
    : variantsOf(nameOf(short.id).replace(/-gguf$/i, ''), short.parameters, short.vision ?? false);
}

export const hubRows: HubRepoRow[] = shorts.map(short => {
  const variants = usual(short);
  const shown = variants.find(variant => variant.recommended) ?? variants.at(-1);
  return {
    id: short.id,
    author: short.id.split('/')[0] ?? '',
    name: nameOf(short.id),
    downloads: short.downloads,
    likes: short.likes,
    lastModified: dateOf(short.days),
    gated: short.gated ?? false,
    private: false,
    architecture: short.architecture,
    parameters: short.parameters,
    contextLength: short.contextLength,
    sizeBytes: shown?.sizeBytes ?? null,
    fit: shown?.fit ?? 'unknown',
    task: short.task ?? 'text-generation',
    tags: ['gguf'],
  };
});

export const hubRepos: HubRepo[] = shorts.map(short => ({
  id: short.id,
  sha: '8f2e41c0b7',
  summary: short.summary ?? null,
  licence: short.licence ?? null,
  gated: short.gated ? 'auto' : 'no',
  private: false,
  downloads: short.downloads,
  likes: short.likes,
  lastModified: dateOf(short.days),
  url: `https://huggingface.co/${short.id}`,
  architecture: short.architecture,
  contextLength: short.contextLength,
  parameters: short.parameters,
  chatTemplate: short.task !== 'feature-extraction',
  task: short.task ?? 'text-generation',
  variants: usual(short),
  namedVariant: null,
}));
