// A repository and its variants in words.
import { bytes, parameterCount, tokens } from '../../format';
import type { HubRepo, HubRepoRow, HubVariant } from '../../ipc/bindings';
import { m } from '../../messages';
import { discoverWords as words } from '../../messages/discover';

/** `bartowski · 8.2B · 40k context · 5.0 GB`. */
export function repoLine(repo: HubRepoRow): string {
  return [
    repo.author,
    repo.parameters === null ? null : parameterCount(repo.parameters),
    repo.contextLength === null ? null : m.models.context(tokens(repo.contextLength)),
    repo.sizeBytes === null ? null : bytes(repo.sizeBytes),
  ]
    .filter(Boolean)
    .join(m.separator);
}

/** `Qwen3-8B-GGUF` of `bartowski/Qwen3-8B-GGUF`. */
export const repoName = (id: string) => id.split('/').at(-1) ?? id;
export const repoAuthor = (id: string) => id.split('/')[0] ?? id;

/** Every result is GGUF; the room is better used. */
export const shortName = (name: string) => name.replace(/[-_.]gguf$/i, '');

/** What to search for where a repository has nothing to run. */
export const searchable = (id: string) => repoName(id).replace(/[-_.]?(?:gguf|awq|gptq|fp8|mlx)$/i, '');

/** The recommended one first, the others as the hub's files go from large to small. */
export function inOrder(repo: HubRepo): HubVariant[] {
  return [...repo.variants].sort((a, b) => Number(b.recommended) - Number(a.recommended));
}

/** Whether a link, or what was typed behind the colon, means this variant; `named` is the back end's reading of it. */
export function isMeant(variant: HubVariant, target: string | null, named: string | null = null): boolean {
  if (!target) return false;
  return (
    variant.name === named ||
    variant.name.toLowerCase() === target.toLowerCase() ||
    variant.files.some(file => file.path === target)
  );
}

/** The problem's title; the table of errors says the rest. */
export function problemTitle(code: string): string {
  return (words.problems as Record<string, string>)[code] ?? words.problems.other;
}
