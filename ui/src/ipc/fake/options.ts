// Options of an engine as its help has them: names, value, default, what it says.
import type { EngineOption, ExtraValue, Problem } from '../bindings';

const HELP = `
# common params
-h, --help, --usage |  |  | print usage and exit
-cl, --cache-list |  |  | show list of models in cache
--completion-bash |  |  | print source-able bash completion script for llama.cpp
-t, --threads | N | -1 | number of CPU threads to use during generation (default: -1)
-tb, --threads-batch | N | same as --threads | number of threads to use during batch and prompt processing (default: same as --threads)
-C, --cpu-mask | M |  | CPU affinity mask: arbitrarily long hex. Complements cpu-range (default: "")
-Cr, --cpu-range | lo-hi |  | range of CPUs for affinity. Complements --cpu-mask
--cpu-strict | <0|1> | 0 | use strict CPU placement (default: 0)
--prio | N | 0 | set process/thread priority : low(-1), normal(0), medium(1), high(2), realtime(3) (default: 0)
--poll | <0...100> |  | use polling level to wait for work (0 - no polling, default: 50)
-Cb, --cpu-mask-batch | M | same as --cpu-mask | CPU affinity mask: arbitrarily long hex. Complements cpu-range-batch (default: same as --cpu-mask)
-Crb, --cpu-range-batch | lo-hi |  | ranges of CPUs for affinity. Complements --cpu-mask-batch
--cpu-strict-batch | <0|1> | same as --cpu-strict | use strict CPU placement (default: same as --cpu-strict)
--prio-batch | N | 0 | set process/thread priority : 0-normal, 1-medium, 2-high, 3-realtime (default: 0)
--poll-batch | <0|1> | same as --poll | use polling to wait for work (default: same as --poll)
-c, --ctx-size | N | 0 | size of the prompt context (default: 0, 0 = loaded from model)
-n, --predict, --n-predict | N | -1 | number of tokens to predict (default: -1, -1 = infinity)
-b, --batch-size | N | 2048 | logical maximum batch size (default: 2048)
-ub, --ubatch-size | N | 512 | physical maximum batch size (default: 512)
--keep | N | 0 | number of tokens to keep from the initial prompt (default: 0, -1 = all)
--swa-full |  | false | use full-size SWA cache (default: false) [(more info)](https://github.com/ggml-org/llama.cpp/pull/13194#issuecomment-2868343055)
-fa, --flash-attn | [on|off|auto] |  | set Flash Attention use ('on', 'off', or 'auto', default: 'auto')
--perf, --no-perf |  | false | whether to enable internal libllama performance timings (default: false)
-e, --escape, --no-escape |  | true | whether to process escapes sequences (\\n, \\r, \\t, \\', \\", \\\\) (default: true)
--rope-scaling | {none,linear,yarn} |  | RoPE frequency scaling method, defaults to linear unless specified by the model
--rope-scale | N |  | RoPE context scaling factor, expands context by a factor of N
--rope-freq-base | N | loaded from model | RoPE base frequency, used by NTK-aware scaling (default: loaded from model)
--rope-freq-scale | N |  | RoPE frequency scaling factor, expands context by a factor of 1/N
--yarn-orig-ctx | N | 0 = model training context size | YaRN: original context size of model (default: 0 = model training context size)
--yarn-ext-factor | N | -1.00 | YaRN: extrapolation mix factor (default: -1.00, 0.0 = full interpolation)
--yarn-attn-factor | N | -1.00 | YaRN: scale sqrt(t) or attention magnitude (default: -1.00)
--yarn-beta-slow | N | -1.00 | YaRN: high correction dim or alpha (default: -1.00)
--yarn-beta-fast | N | -1.00 | YaRN: low correction dim or beta (default: -1.00)
-kvo, --kv-offload, -nkvo, --no-kv-offload |  | enabled | whether to enable KV cache offloading (default: enabled)
--control-vector-layer-range | START END |  | layer range to apply the control vector(s) to, start and end inclusive
--defrag-thold | N |  | KV cache defragmentation threshold (DEPRECATED)
# sampling params
--samplers | SAMPLERS | penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature | samplers that will be used for generation in the order, separated by ';' (default: penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature)
-s, --seed | SEED | -1 | RNG seed (default: -1, use random seed for -1)
--sampler-seq, --sampling-seq | SEQUENCE | edskypmxt | simplified sequence for samplers that will be used (default: edskypmxt)
--ignore-eos |  |  | ignore end of stream token and continue generating (implies --logit-bias EOS-inf)
--temp, --temperature | N | 0.80 | temperature (default: 0.80)
--top-k | N | 40 | top-k sampling (default: 40, 0 = disabled)
--top-p | N | 0.95 | top-p sampling (default: 0.95, 1.0 = disabled)
--min-p | N | 0.05 | min-p sampling (default: 0.05, 0.0 = disabled)
--top-nsigma, --top-n-sigma | N | -1.00 | top-n-sigma sampling (default: -1.00, -1.0 = disabled)
--xtc-probability | N | 0.00 | xtc probability (default: 0.00, 0.0 = disabled)
--xtc-threshold | N | 0.10 | xtc threshold (default: 0.10, 1.0 = disabled)
--typical, --typical-p | N | 1.00 | locally typical sampling, parameter p (default: 1.00, 1.0 = disabled)
--repeat-last-n | N | 64 | last n tokens to consider for penalize (default: 64, 0 = disabled)
--repeat-penalty | N | 1.00 | penalize repeat sequence of tokens (default: 1.00, 1.0 = disabled)
# speculative params
--spec-draft-hf, -hfd, -hfrd, --hf-repo-draft | <user>/<model>[:quant] | unused | Same as --hf-repo, but for the draft model (default: unused)
--spec-draft-threads, -td, --threads-draft | N | same as --threads | number of threads to use during generation (default: same as --threads)
--spec-draft-threads-batch, -tbd, --threads-batch-draft | N | same as --threads-draft | number of threads to use during batch and prompt processing (default: same as --threads-draft)
--spec-draft-cpu-mask, -Cd, --cpu-mask-draft | M | same as --cpu-mask | Draft model CPU affinity mask. Complements cpu-range-draft (default: same as --cpu-mask)
--spec-draft-cpu-range, -Crd, --cpu-range-draft | lo-hi |  | Ranges of CPUs for affinity. Complements --cpu-mask-draft
--spec-draft-cpu-strict, --cpu-strict-draft | <0|1> | same as --cpu-strict | Use strict CPU placement for draft model (default: same as --cpu-strict)
--draft, --draft-n, --draft-max | N |  | the argument has been removed. use --spec-draft-n-max or --spec-ngram-mod-n-max
# example-specific params
-lcs, --lookup-cache-static | FNAME |  | path to static lookup cache to use for lookup decoding (not updated by generation)
-lcd, --lookup-cache-dynamic | FNAME |  | path to dynamic lookup cache to use for lookup decoding (updated by generation)
--kv-unified-per-slot | N | unset | context limit per parallel slot (default: unset, behavior unchanged). when set without -c/--ctx-size, the shared KV pool is sized to n_parallel*N
-ctxcp, --ctx-checkpoints, --swa-checkpoints | N | 32 | max number of context checkpoints to create per slot (default: 32)[(more info)](https://github.com/ggml-org/llama.cpp/pull/15293)
-cms, --checkpoint-min-step | N | 8192 | minimum spacing between context checkpoints in tokens (default: 8192, 0 = no minimum)
-cram, --cache-ram | N | 8192 | set the maximum cache size in MiB (default: 8192, -1 - no limit, 0 - disable)[(more info)](https://github.com/ggml-org/llama.cpp/pull/16391)
-kvu, --kv-unified, -no-kvu, --no-kv-unified |  | enabled if number of slots is auto | use single unified KV buffer shared across all sequences (default: enabled if number of slots is auto)
--cache-idle-slots, --no-cache-idle-slots |  | enabled | save idle slots to the prompt cache on new task, and clear them when using unified KV (default: enabled, requires cache-ram)
--context-shift, --no-context-shift |  | disabled | whether to use context shift on infinite text generation (default: disabled)
-r, --reverse-prompt | PROMPT |  | halt generation at PROMPT, return control in interactive mode
-mm, --mmproj | FILE |  | path to a multimodal projector file. see tools/mtmd/README.md note: if -hf is used, this argument can be omitted
-a, --alias | STRING |  | set model name aliases, comma-separated (to be used by API)
--host | HOST | 127.0.0.1 | IP addresses to listen on, comma-separated, or UNIX socket paths ending in .sock; with multiple TCP addresses, :: binds IPv6 only; overlapping addresses result in undefined behavior (default: 127.0.0.1)
--port | PORT | 8080 | port to listen (default: 8080)
--api-key | KEY | none | API key to use for authentication, multiple keys can be provided as a comma-separated list (default: none)
--cache-reuse | N | 0 | min chunk size to attempt reusing from the cache via KV shifting, requires prompt caching to be enabled (default: 0) [(card)](https://ggml.ai/f0.png)
--metrics |  | disabled | enable prometheus compatible metrics endpoint (default: disabled)
--props |  | disabled | enable changing global properties via POST /props (default: disabled)
--slots, --no-slots |  | enabled | expose slots monitoring endpoint (default: enabled)
--slot-save-path | PATH | disabled | path to save slot kv cache (default: disabled)
--media-path | PATH | disabled | directory for loading local media files; files can be accessed via file:// URLs using relative paths (default: disabled)
--jinja, --no-jinja |  | enabled | whether to use jinja template engine for chat (default: enabled)
--reasoning-format | FORMAT | auto | controls whether thought tags are allowed and/or extracted from the response, and in which format they're returned; one of: - none: leaves thoughts unparsed in message.content - deepseek: puts thoughts in message.reasoning_content - deepseek-legacy: keeps <think> tags in message.content while also populating message.reasoning_content (default: auto)
--reasoning-budget | N | -1 | token budget for thinking: -1 for unrestricted, 0 for immediate end, N>0 for token budget (default: -1)
--chat-template | JINJA_TEMPLATE | template taken from model's metadata | set custom jinja chat template (default: template taken from model's metadata) if suffix/prefix are specified, template will be disabled only commonly used templates are accepted (unless --jinja is set before this flag): list of built-in templates: bailing, bailing-think, bailing2, chatglm3, chatglm4, chatml, command-r, deepseek, deepseek-ocr, deepseek2, deepseek3, exaone-moe, exaone3, exaone4, falcon3, gemma, gigachat, glmedge, gpt-oss, granite, granite-4.0, granite-4.1, grok-2, hunyuan-dense, hunyuan-moe, hunyuan-vl, kimi-k2, llama2, llama2-sys, llama2-sys-bos, llama2-sys-strip, llama3, llama4, megrez, minicpm, mistral-v1, mistral-v3, mistral-v3-tekken, mistral-v7, mistral-v7-tekken, monarch, openchat, orion, pangu-embedded, phi3, phi4, rwkv-world, seed_oss, smolvlm, solar-open, vicuna, vicuna-orca, yandex, zephyr
`;

/** What the form has a field for. */
const FIELDS: Record<string, string> = {
  '--ctx-size': 'ctxSize',
  '--threads': 'threads',
  '--batch-size': 'batchSize',
  '--flash-attn': 'flashAttn',
  '--cache-type-k': 'cacheTypeK',
  '--cache-type-v': 'cacheTypeV',
  '--seed': 'seed',
};

const OWNED: Record<string, string> = {
  '--help': 'it makes the engine print its help and end',
  '--host': 'every model listens on an address of its own behind the endpoint',
  '--port': 'every model listens on a port of its own behind the endpoint',
  '--alias': 'requests find a model by the name that it has here',
};

export const engineOptions: EngineOption[] = HELP.trim()
  .split(/^# /m)
  .filter(Boolean)
  .flatMap(part => {
    const [section = '', ...lines] = part.trim().split('\n');
    return lines.map(line => option(section, line));
  });

function option(section: string, line: string): EngineOption {
  const [spellings = '', hint = '', standard = '', help = ''] = line.split(' | ').map(text => text.trim());
  const names = spellings.split(', ');
  const name = names.find(one => one.startsWith('--')) ?? spellings;
  return {
    name,
    names,
    valueHint: hint || null,
    choices: /^[[{<]\w+(?:[|,]\w+)+[\]}>]$/.test(hint) ? hint.slice(1, -1).split(/[|,]/) : [],
    help,
    default: standard || null,
    section,
    deprecated: /deprecated/i.test(help),
    parameter: FIELDS[name] ?? null,
    ownedReason: OWNED[name] ?? null,
  };
}

/** How an extra flag is passed, or why it cannot be. */
export function extraPiece(
  flag: string,
  value: ExtraValue | null,
): { piece: string[]; problem: Problem | null } {
  const refused = (message: string): { piece: string[]; problem: Problem } => ({
    piece: [],
    problem: { param: flag, severity: 'error', message: `\`${flag}\` ${message}`, hint: null },
  });
  const known = engineOptions.find(one => one.names.includes(flag));
  if (!known) return refused('is no flag of this engine');
  if (value === '') return { piece: [], problem: null };
  if (known.valueHint === null) {
    return { piece: [value === false ? flag.replace('--', '--no-') : flag], problem: null };
  }
  const words = String(value ?? '').split(' ');
  const wanted = known.valueHint.split(' ').length;
  if (words.length !== wanted) return refused(`takes ${wanted} values: ${known.valueHint}`);
  return { piece: [flag, ...words], problem: null };
}
