// Settings for editors and apps, each as its own documentation has it. Code and the names of other programs' menus, not
// words of the window: that is why they are not among the messages.
import { keyOf, type Target } from './snippets';

export type Editor = {
  id: string;
  name: string;
  /** The file, or the place in its settings. */
  where: string;
  text: (target: Target) => string;
  /** What else to know. */
  note?: string;
};

const json = (value: unknown) => JSON.stringify(value, null, 2);
const shell = (value: string) =>
  /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
const yaml = JSON.stringify;

/** Fields to fill in, one a line. */
const fields = (pairs: [string, string][]) => {
  const width = Math.max(...pairs.map(([label]) => label.length)) + 3;
  return pairs.map(([label, value]) => label.padEnd(width) + value).join('\n');
};

const filled = (names: { provider: string; url: string; key: string; model: string }) => (target: Target) =>
  fields([
    [names.provider, 'OpenAI Compatible'],
    [names.url, target.url],
    [names.key, keyOf(target)],
    [names.model, target.model],
  ]);

export const EDITORS: readonly Editor[] = [
  {
    id: 'continue',
    name: 'Continue (VS Code, JetBrains)',
    where: '~/.continue/config.yaml',
    text: target => `name: Paddock
version: 0.0.1
schema: v1
models:
  - name: ${yaml(target.model)}
    provider: openai
    model: ${yaml(target.model)}
    apiBase: ${target.url}
    apiKey: ${keyOf(target)}
    roles:
      - chat
      - edit
      - apply`,
  },
  {
    id: 'zed',
    name: 'Zed',
    where: 'settings.json',
    text: target =>
      json({
        language_models: {
          openai_compatible: {
            Paddock: {
              api_url: target.url,
              available_models: [
                {
                  name: target.model,
                  display_name: target.model,
                  max_tokens: target.context,
                  capabilities: {
                    tools: true,
                    images: false,
                    parallel_tool_calls: false,
                    prompt_cache_key: false,
                  },
                },
              ],
            },
          },
        },
      }),
    note: 'Zed asks for the key under Agent Settings, LLM Providers, or reads it from PADDOCK_API_KEY.',
  },
  {
    id: 'cline',
    name: 'Cline, Roo Code',
    where: 'Settings, API Configuration',
    text: filled({ provider: 'API Provider', url: 'Base URL', key: 'API Key', model: 'Model ID' }),
  },
  {
    id: 'jetbrains',
    name: 'JetBrains AI Assistant',
    where: 'Settings, Tools, AI Assistant, Models & API Keys, Third-party AI providers',
    text: filled({ provider: 'Provider', url: 'URL', key: 'API Key', model: 'Model' }),
  },
  {
    id: 'aider',
    name: 'Aider',
    where: 'In a shell',
    text: target => `export OPENAI_API_BASE=${target.url}
export OPENAI_API_KEY=${keyOf(target)}
aider --model ${shell(`openai/${target.model}`)}`,
  },
  {
    id: 'opencode',
    name: 'opencode',
    where: '~/.config/opencode/opencode.json',
    text: target =>
      json({
        $schema: 'https://opencode.ai/config.json',
        provider: {
          paddock: {
            npm: '@ai-sdk/openai-compatible',
            name: 'Paddock',
            options: { baseURL: target.url, apiKey: keyOf(target) },
            models: { [target.model]: { name: target.model } },
          },
        },
      }),
  },
  {
    id: 'claude-code',
    name: 'Claude Code',
    where: 'In a shell',
    text: target => `export ANTHROPIC_BASE_URL=${target.url.replace(/\/v1$/, '')}
export ANTHROPIC_AUTH_TOKEN=${keyOf(target)}
export ANTHROPIC_MODEL=${shell(target.model)}
claude`,
    note: 'It begins with a long prompt: give the model a context of 32,768 or more.',
  },
  {
    id: 'open-webui',
    name: 'Open WebUI',
    where: 'In a shell',
    text: target => `OPENAI_API_BASE_URL=${target.url} \\
OPENAI_API_KEY=${keyOf(target)} \\
open-webui serve`,
    note: 'In a container, use host.docker.internal instead of 127.0.0.1. Paddock refuses that name at first and lists it under Access with a button to allow it.',
  },
  {
    id: 'other',
    name: 'Another one',
    where: 'Its settings for an “OpenAI-compatible” provider',
    text: filled({ provider: 'Provider', url: 'Base URL', key: 'API key', model: 'Model' }),
  },
];
