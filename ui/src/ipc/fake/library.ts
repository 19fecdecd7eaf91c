// The fake's library beyond its list: other apps' models, what a file says, folders.
import type { FoundModel, Model, ModelDetails, ModelsFolder, Settings } from '../bindings';

const found = (
  app: string,
  appTitle: string,
  title: string,
  path: string,
  sizeBytes: number,
): FoundModel => ({
  app,
  appTitle,
  title,
  path,
  sizeBytes,
  hasProjector: false,
  key: null,
});

export const foundModels: FoundModel[] = [
  {
    ...found(
      'lmstudio',
      'LM Studio',
      'lmstudio-community/gemma-3-4b-it-GGUF',
      '/home/ada/.lmstudio/models/lmstudio-community/gemma-3-4b-it-GGUF/gemma-3-4b-it-Q4_K_M.gguf',
      3_341_000_000,
    ),
    hasProjector: true,
  },
  {
    ...found(
      'lmstudio',
      'LM Studio',
      'Qwen/Qwen3-8B-GGUF',
      '/home/ada/.lmstudio/models/Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q5_K_M.gguf',
      5_851_112_896,
    ),
    key: 'qwen/qwen3-8b-q5_k_m',
  },
  found(
    'ollama',
    'Ollama',
    'gpt-oss:20b',
    `/home/ada/.ollama/models/blobs/sha256-${'b112e727c6f18875636c56a779790a590d705aec9e1c0eb5a97d51fc2a778583'}`,
    13_780_154_624,
  ),
  found(
    'huggingface',
    'Hugging Face cache',
    'unsloth/Mistral-Small-3.2-24B-Instruct-2506-GGUF',
    '/home/ada/.cache/huggingface/hub/models--unsloth--Mistral-Small/snapshots/9f/Mistral-Small-3.2-24B-Instruct-2506-UD-Q4_K_XL.gguf',
    14_500_000_000,
  ),
];

export function detailsOf(model: Model): ModelDetails {
  const broken = !model.present || model.problem !== null;
  const { architecture, shardCount, path, sizeBytes } = model;
  return {
    files: Array.from({ length: shardCount }, (_, index) => ({
      path: shardCount === 1 ? path : path.replace('.gguf', `-0000${index + 1}-of-0000${shardCount}.gguf`),
      sizeBytes: model.present ? Math.round((sizeBytes ?? 0) / shardCount) : null,
    })),
    projector: null,
    source: model.sourceRepo
      ? { repo: model.sourceRepo, revision: '9f3c1d7ab2', file: path.split('/').at(-1) ?? '' }
      : null,
    foundIn: null,
    ggufVersion: broken ? null : 3,
    metadata: broken
      ? []
      : [
          { key: 'general.architecture', kind: 'text', value: architecture ?? '' },
          { key: 'general.name', kind: 'text', value: model.name },
          { key: `${architecture}.context_length`, kind: 'number', value: String(model.contextLength) },
          { key: `${architecture}.rope.freq_base`, kind: 'number', value: '1000000' },
          { key: 'tokenizer.ggml.add_bos_token', kind: 'boolean', value: 'true' },
          { key: 'tokenizer.ggml.tokens', kind: 'texts', value: '262144 values' },
        ],
    chatTemplate: broken
      ? null
      : "{{ bos_token }}{%- for message in messages -%}\n<start_of_turn>{{ message['role'] }}\n{{ message['content'] | trim }}<end_of_turn>\n{%- endfor -%}",
    tensorTypes: broken
      ? []
      : [
          { name: 'Q8_0', count: 1, sizeBytes: 178_257_920 },
          { name: 'Q4_K', count: 109, sizeBytes: 62_300_160 },
          { name: 'F32', count: 109, sizeBytes: 158_720 },
        ],
    problem: model.problem,
  };
}

export function foldersOf(settings: Settings, models: Model[]): ModelsFolder[] {
  return [settings.paddockModelsFolder, ...settings.modelFolders].map((path, index) => {
    const inside = models.filter(model => model.present && model.path.startsWith(path));
    const missing = path.startsWith('/media') || path.startsWith('/mnt');
    return {
      path,
      own: index === 0,
      missing,
      silent: path.endsWith('/archive'),
      freeBytes: missing ? null : 187_400_000_000,
      modelCount: inside.length,
      sizeBytes: inside.reduce((sum, model) => sum + (model.sizeBytes ?? 0), 0),
    };
  });
}
