// Values of load parameters: what may be typed, what a value is called, what a field looks like while nothing is set.
import { grouped, shellLine } from '../../format';
import type { FieldSchema, Limits, LoadParams } from '../../ipc/bindings';
import { m } from '../../messages';

export type ParamValue = number | boolean | string;

/** The engine reads numbers into a C `int`: a limit nobody needs to be told. */
const NO_LIMIT = 2 ** 31 - 1;

/** A value as the form has it: lists and variables as text, as the command line writes them. */
export function getParam(params: LoadParams, name: string): ParamValue | undefined {
  const value: unknown = params[name];
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(item => listItem(String(item))).join(',');
  if (typeof value !== 'object' || value === null || name === 'extraArgs') return undefined;
  return Object.entries(value)
    .map(([variable, text]) => shellLine([`${variable}=${text ?? ''}`]))
    .join(' ');
}

/** A comma or a quote inside an item must not part it. */
const listItem = (item: string) => (/[,"]/.test(item) ? `"${item.replaceAll('"', '""')}"` : item);

export function withParam(params: LoadParams, name: string, value: ParamValue | undefined): LoadParams {
  const { [name]: _, ...rest } = params;
  return value === undefined ? rest : { ...rest, [name]: value };
}

/** What is wrong with a number as it is typed; `null` where nothing is. Empty is fine: nothing is set then. */
export function integerProblem(field: FieldSchema, text: string): string | null {
  const bare = text.replaceAll(',', '').trim();
  if (bare === '') return null;
  const value = Number(bare);
  if (!/^[-−]?\d+$/.test(bare) || !Number.isSafeInteger(value)) return m.form.wholeNumber;
  const { min, max } = field;
  if ((min === null || value >= min) && (max === null || value <= max)) return null;
  if (min !== null && max !== null && max < NO_LIMIT) return m.form.between(grouped(min), grouped(max));
  return min !== null && value < min ? m.form.atLeast(grouped(min)) : m.form.atMost(grouped(max ?? NO_LIMIT));
}

/** What is wrong with what is typed into a field; `null` where nothing is. */
export function typedProblem(field: FieldSchema, text: string): string | null {
  const bare = text.trim();
  if (bare === '' || field.choices.includes(bare)) return null;
  switch (field.kind) {
    case 'integer':
      return integerProblem(field, text);
    case 'number':
      return numberProblem(field, bare);
    case 'numbers':
      return /^\d*\.?\d+(\s*[,/]\s*\d*\.?\d+)*$/.test(bare) ? null : m.form.numbers;
    case 'variables':
      return /^\w+=/.test(bare) ? null : m.form.variables;
    default:
      return null;
  }
}

function numberProblem({ min, max }: FieldSchema, bare: string): string | null {
  const value = Number(bare.replaceAll(',', ''));
  if (!Number.isFinite(value)) return m.form.anyNumber;
  if ((min === null || value >= min) && (max === null || value <= max)) return null;
  if (min !== null && max !== null && max < NO_LIMIT) return m.form.between(grouped(min), grouped(max));
  return min !== null && value < min ? m.form.atLeast(grouped(min)) : m.form.atMost(grouped(max ?? NO_LIMIT));
}

/** `1 to 512`, or `0 or more`. */
export function rangeText(field: FieldSchema): string | null {
  if ((field.kind !== 'integer' && field.kind !== 'number') || field.min === null) return null;
  if (field.max === null || field.max >= NO_LIMIT) return m.form.rangeFrom(grouped(field.min));
  return m.form.rangeText(grouped(field.min), grouped(field.max));
}

const WORDS: Record<string, string> = {
  true: m.form.on,
  false: m.form.off,
  auto: m.form.auto,
  all: m.form.all,
};

/** A value as the form calls it. */
export function valueText(value: ParamValue): string {
  if (typeof value === 'number') return Number.isInteger(value) ? grouped(value) : String(value);
  return WORDS[String(value)] ?? String(value);
}

/** The engine's own default in the form's words. Its help says `-1` or `0` where it means that it chooses. */
export function defaultText(field: FieldSchema, limits: Limits): string | null {
  const { placeholder } = field;
  if (placeholder === null) return null;
  if (field.name === 'seed' && placeholder === '-1') return m.form.random;
  if (field.name === 'ctxSize' && placeholder === '0') {
    return limits.trainingContext === null ? m.form.auto : grouped(limits.trainingContext);
  }
  if (field.kind === 'integer' && placeholder === '-1') return m.form.auto;
  return /^\d+$/.test(placeholder) ? grouped(Number(placeholder)) : valueText(placeholder);
}

/** The words of a field in the order of a form: `Auto` first, then on, then off. */
export function orderedChoices(field: FieldSchema): string[] {
  const rank = (word: string) => ['auto', 'all', 'true', 'false'].indexOf(word);
  return field.kind === 'choice' ? field.choices : [...field.choices].sort((a, b) => rank(a) - rank(b));
}

/** A word of a choice back to what is saved: booleans are booleans in JSON. */
export function fromWord(word: string): ParamValue {
  return word === 'true' ? true : word === 'false' ? false : word;
}

/** Where a slider can stop; `null` where a range says nothing useful. */
export function sliderStops(field: FieldSchema, limits: Limits): number[] | null {
  if (field.name === 'ctxSize') return contextStops(limits.trainingContext ?? 131_072);
  if (field.name === 'threads' && limits.cores !== null && limits.cores > 1) {
    return Array.from({ length: limits.cores }, (_, index) => index + 1);
  }
  return null;
}

/** 512, 1024, … with a stop halfway between from 4096 on, and the model's own length as the last. */
function contextStops(longest: number): number[] {
  const stops: number[] = [];
  for (let size = 512; size < longest; size *= 2) {
    stops.push(size);
    const between = size * 1.5;
    if (size >= 4096 && between < longest) stops.push(between);
  }
  return [...stops, longest];
}

/** The stop nearest to a value. */
export function nearestStop(stops: readonly number[], value: number): number {
  let best = 0;
  stops.forEach((stop, index) => {
    if (Math.abs(stop - value) < Math.abs((stops[best] ?? 0) - value)) best = index;
  });
  return best;
}

/** What stands behind a number: its limit in this model or machine, else its unit. */
export function suffix(field: FieldSchema, limits: Limits): string | null {
  if (field.name === 'ctxSize' && limits.trainingContext)
    return m.form.ofTokens(grouped(limits.trainingContext));
  if (field.name === 'nGpuLayers' && limits.blockCount) return m.form.ofLayers(limits.blockCount);
  if (field.name === 'threads' && limits.cores) return m.form.ofCores(limits.cores);
  return field.unit;
}
