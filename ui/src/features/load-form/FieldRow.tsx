// One parameter: its name, the control that suits it, where its value comes from, and what there is to say about it.
import { ActionIcon, Anchor, Popover, Text, Tooltip } from '@mantine/core';
import { useId } from 'react';
import { FactList } from '../../components/Facts';
import { IconReset } from '../../components/icons';
import { asSentence } from '../../errors/table';
import type { FieldKind, FieldSchema, Limits, Problem } from '../../ipc/bindings';
import { m } from '../../messages';
import { SegmentedChoice, SelectChoice } from './ChoiceControl';
import classes from './Form.module.css';
import type { Shown } from './form';
import { IntegerControl } from './IntegerControl';
import { LayersControl } from './LayersControl';
import { ProblemLine } from './ProblemLine';
import { TextControl } from './TextControl';
import { defaultText, type ParamValue, rangeText, valueText } from './values';

type Props = {
  field: FieldSchema;
  limits: Limits;
  shown: Shown;
  text: string | undefined;
  /** What is wrong with what is typed. */
  typedProblem: string | null;
  problems: Problem[];
  /** The running model has another value. */
  onReload: boolean;
  focused: boolean;
  onChange: (name: string, value: ParamValue | undefined) => void;
  onText: (name: string, text: string) => void;
};

export function FieldRow({
  field,
  limits,
  shown,
  text,
  typedProblem,
  problems,
  onReload,
  focused,
  onChange,
  onText,
}: Props) {
  const id = useId();
  const labelId = `${id}label`;
  const helpId = `${id}help`;
  const Control = controlFor(field);
  const isGroup = Control === SegmentedChoice || Control === LayersControl;
  const reset = () => onChange(field.name, undefined);
  return (
    <div
      className={classes.field}
      data-field={field.name}
      data-unsupported={field.supported ? undefined : true}
    >
      <Tooltip label={field.help} position="top-start" openDelay={600}>
        {isGroup || !field.supported ? (
          <span id={labelId} className={classes.label}>
            {field.label}
          </span>
        ) : (
          <label id={labelId} htmlFor={id} className={classes.label}>
            {field.label}
          </label>
        )}
      </Tooltip>
      <div className={classes.control}>
        {field.supported ? (
          <Control
            field={field}
            limits={limits}
            value={shown.set}
            inherited={shown.inherited}
            text={text}
            onChange={value => onChange(field.name, value)}
            onText={typed => onText(field.name, typed)}
            id={id}
            labelId={labelId}
            describedBy={helpId}
            problem={typedProblem !== null || problems.some(problem => problem.severity === 'error')}
          />
        ) : (
          <Text c="dimmed">{m.form.unsupported(plain(field.unsupportedReason ?? ''))}</Text>
        )}
      </div>
      <div className={classes.meta}>
        {onReload && (
          <Tooltip label={m.form.onReloadTip}>
            <span className={classes.chip} data-pending>
              {m.form.onReload}
            </span>
          </Tooltip>
        )}
        {shown.source && !onReload && (
          <Tooltip label={m.form.sourceHelp[shown.source]}>
            <span className={classes.chip}>{m.form.sources[shown.source]}</span>
          </Tooltip>
        )}
        {(shown.set !== undefined || text !== undefined) && (
          <Tooltip label={m.form.reset(field.label)}>
            <ActionIcon size="xs" aria-label={m.form.reset(field.label)} onClick={reset}>
              <IconReset size={14} />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
      <div className={classes.below}>
        {typedProblem && <ProblemLine severity="error" text={asSentence(typedProblem)} />}
        {!field.supported && shown.set !== undefined && (
          <ProblemLine severity="error" text={m.form.unsupportedSaved(valueText(shown.set))} />
        )}
        {field.supported &&
          problems.map(problem => (
            <ProblemLine
              key={problem.message}
              severity={problem.severity}
              text={[asSentence(problem.message), problem.hint].filter(Boolean).join(' ')}
            />
          ))}
        <div id={helpId} hidden={!focused}>
          <Help field={field} limits={limits} />
        </div>
      </div>
    </div>
  );
}

/** Kinds without a control of their own. */
const TYPED: ReadonlySet<FieldKind> = new Set(['number', 'file', 'text', 'list', 'numbers', 'variables']);

function controlFor(field: FieldSchema) {
  if (TYPED.has(field.kind)) return TextControl;
  if (field.kind === 'integer') return field.choices.length > 0 ? LayersControl : IntegerControl;
  return field.kind === 'boolean' || field.choices.length <= 3 ? SegmentedChoice : SelectChoice;
}

/** One sentence, and more for who wants it. */
function Help({ field, limits }: { field: FieldSchema; limits: Limits }) {
  const byDefault = defaultText(field, limits);
  const range = rangeText(field);
  return (
    <Text size="xs" c="dimmed" lh="17px">
      {field.help} {byDefault && `${m.form.engineDefault(byDefault)}. `}
      <Popover width={320} position="bottom-start" trapFocus returnFocus>
        <Popover.Target>
          <Anchor
            component="button"
            type="button"
            className={classes.helpMore}
            aria-label={m.form.about(field.label)}
          >
            {m.more}
          </Anchor>
        </Popover.Target>
        <Popover.Dropdown aria-label={field.label}>
          <Text fw={600}>{field.label}</Text>
          <Text c="dimmed" mb="xs">
            {field.help} {field.details}
            {field.conflicts.map(conflict => ` ${asSentence(plain(conflict.reason))}`)}
          </Text>
          <FactList
            facts={[
              { label: m.form.flag, value: field.cliFlag, mono: true },
              ...(range ? [{ label: m.form.range, value: range }] : []),
              ...(byDefault ? [{ label: m.form.defaultName, value: byDefault }] : []),
            ]}
          />
        </Popover.Dropdown>
      </Popover>
    </Text>
  );
}

/** Without the marks that set names off in plain text. */
const plain = (text: string) => text.replaceAll('`', '');
