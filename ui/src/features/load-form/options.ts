// What the form makes of the engine's own options: which are set, which match a search, which a reload would change.
import { asSentence } from '../../errors/table';
import type { EngineOption, ExtraValue, LoadParams, ParamSource, Preview, Problem } from '../../ipc/bindings';

export type Extra = ExtraValue | null;
export type Extras = Readonly<Record<string, Extra>>;

const NONE: Extras = {};

export function extrasOf(params: LoadParams): Extras {
  return (params.extraArgs ?? NONE) as Extras;
}

/** Sets an engine flag, or takes it out; without any there is nothing set. */
export function withExtra(params: LoadParams, flag: string, value: Extra | undefined): LoadParams {
  const { [flag]: _, ...others } = extrasOf(params);
  return withExtras(params, value === undefined ? others : { ...others, [flag]: value });
}

function withExtras(params: LoadParams, extras: Extras): LoadParams {
  const { extraArgs: _, ...rest } = params;
  return Object.keys(extras).length === 0 ? rest : { ...rest, extraArgs: extras };
}

/** Sets an option under its own name, whichever of its names it was set by before. */
export function withOption(params: LoadParams, option: EngineOption, value: Extra | undefined): LoadParams {
  const kept = Object.entries(extrasOf(params)).filter(([flag]) => !option.names.includes(flag));
  return withExtra(withExtras(params, Object.fromEntries(kept)), option.name, value);
}

/** A switch that was passed: `null` is how it is kept. */
export const isOn = (value: Extra | undefined) => value === null || value === true || value === 'true';
export const isOff = (value: Extra | undefined) => value === false || value === 'false';

/** The value that an option has among some flags, as if it had been given by its own name. */
export function extraOf(option: EngineOption, extras: Extras): Extra | undefined {
  const flag = option.names.find(name => name in extras);
  if (flag === undefined) return undefined;
  const value = extras[flag];
  if (!hasOpposite(option) || negates(flag) === negates(option.name)) return value;
  return isOn(value) ? false : isOff(value) ? true : value;
}

export type ShownExtra = {
  /** Set for this model. */
  value: Extra | undefined;
  /** What holds while nothing is set here, and where that comes from. */
  inherited: Extra | undefined;
  source: ParamSource | null;
};

/** As with the fields: what is saved is what is set here, and what is set here wins. */
export function shownExtra(
  option: EngineOption,
  extras: Extras,
  { effective, sources }: Pick<Preview, 'effective' | 'sources'>,
): ShownExtra {
  const value = extraOf(option, extras);
  const flag = option.names.find(name => name in extrasOf(effective));
  const source = (flag !== undefined && sources[flag]) || null;
  if (value !== undefined || (source !== 'default' && source !== 'preset' && source !== 'fitted'))
    return { value, inherited: undefined, source: null };
  return { value, inherited: extraOf(option, extrasOf(effective)), source };
}

/** Whether there is a spelling that turns it off; without one, off is to leave it out. */
export function hasOpposite({ name, names, valueHint }: EngineOption): boolean {
  const opposite = name.startsWith('--no-') ? `--${name.slice(5)}` : `--no-${name.slice(2)}`;
  return valueHint === null && names.includes(opposite);
}

/** `--no-perf` beside `--perf`, and `-nkvo` beside `-kvo`. */
const negates = (flag: string) => /^(?:--no-|-n)/.test(flag);

/** `256`, `off`; empty for a switch that is on. */
export function extraText(value: Extra, words: { off: string; not: string }): string {
  if (isOn(value)) return '';
  if (isOff(value)) return words.off;
  return value === '' ? words.not : String(value);
}

/** The options in whose names or help every word of the search occurs; those with all of them in a name come first. */
export function searchOptions(options: readonly EngineOption[], text: string): EngineOption[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...options];
  const within = (haystack: string) => words.every(word => haystack.includes(word));
  const named: EngineOption[] = [];
  const described: EngineOption[] = [];
  for (const option of options) {
    const names = option.names.join(' ').toLowerCase();
    if (within(names)) named.push(option);
    else if (within(`${names} ${option.help.toLowerCase()}`)) described.push(option);
  }
  return [...named, ...described];
}

export type OptionSection = { section: string; options: EngineOption[] };

/** The engine's own sections, in its order. */
export function sectionsOf(options: readonly EngineOption[]): OptionSection[] {
  const sections = new Map<string, EngineOption[]>();
  for (const option of options) {
    const others = sections.get(option.section);
    if (others) others.push(option);
    else sections.set(option.section, [option]);
  }
  return [...sections].map(([section, inIt]) => ({ section, options: inIt }));
}

/** `common params` as a heading. */
export const sectionTitle = (section: string) =>
  section.charAt(0).toUpperCase() + section.slice(1).replace(/\bparams$/, 'parameters');

/** The flags that a running model has otherwise. */
export function changedExtras(applied: LoadParams, effective: LoadParams): string[] {
  const before = extrasOf(applied);
  const after = extrasOf(effective);
  const flags = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...flags].filter(flag => passed(before[flag]) !== passed(after[flag]));
}

/** Nothing and an empty value are not passed; all that turn a switch on are the same. */
function passed(value: Extra | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  return isOn(value) ? 'true' : String(value);
}

/** The flag that a problem is about: its parameter, or the first that its message names among those that are set. */
export function flagOf(problem: Problem, extras: Extras): string | null {
  if (problem.param.startsWith('-')) return problem.param;
  const named = problem.message.match(/(?<![\w-])--?[a-zA-Z][\w-]*/g) ?? [];
  return named.find(flag => flag in extras) ?? null;
}

export function problemsOfOption(option: EngineOption, problems: readonly Problem[], extras: Extras) {
  return problems.filter(problem => {
    const flag = flagOf(problem, extras);
    return flag !== null && option.names.includes(flag);
  });
}

/** What is wrong, and what to try, without the marks that set names off in plain text. */
export const problemText = ({ message, hint }: Problem) =>
  [asSentence(message.replaceAll('`', '')), hint?.replaceAll('`', '')].filter(Boolean).join(' ');
