// One option of the engine: how it is written, what the engine says of it, and the control for its value.
import { ActionIcon, Anchor, SegmentedControl, Select, Switch, TextInput, Tooltip } from '@mantine/core';
import { useId } from 'react';
import { IconReset } from '../../components/icons';
import { Tag } from '../../components/Tag';
import { asSentence } from '../../errors/table';
import type { EngineOption, ParamSource, Problem } from '../../ipc/bindings';
import { m } from '../../messages';
import { optionWords as words } from '../../messages/options';
import { patchWindow } from '../../state/window';
import classes from './Form.module.css';
import own from './Options.module.css';
import { type Extra, extraText, hasOpposite, isOff, isOn, problemText } from './options';
import { ProblemLine } from './ProblemLine';

type Props = {
  option: EngineOption;
  value: Extra | undefined;
  /** What holds where nothing is set here, and where that comes from. */
  inherited: Extra | undefined;
  source: ParamSource | null;
  problems: Problem[];
  changed: boolean;
  /** Of the field that is the same. */
  fieldLabel: string | null;
  focused: boolean;
  onChange: (value: Extra | undefined) => void;
};

/** How the engine says that a switch is on or off unless it is given. */
const DEFAULT_ON = /^(?:true|enabled|on|1)$/;
const DEFAULT_OFF = /^(?:false|disabled|off|0)$/;

/** Longer help does not fit into two lines of a wide window. */
const LONG = 150;

export function OptionRow(props: Props) {
  const { option, value, source, problems, changed, fieldLabel, focused, onChange } = props;
  const id = useId();
  const { name, names, valueHint, help, ownedReason, deprecated, parameter } = option;
  const settable = ownedReason === null && fieldLabel === null;
  const aliases = names.filter(other => other !== name).join(' ');
  // A switch that is off and a field that is empty need no button.
  const resettable = value !== undefined && !(valueHint === null && !hasOpposite(option) && !isOff(value));
  return (
    <div className={own.row} data-field={name} data-owned={ownedReason !== null || undefined}>
      <div className={own.text}>
        <div className={own.flagLine}>
          {settable && !hasOpposite(option) ? (
            <label htmlFor={id} id={`${id}label`} className={own.flag} data-selectable>
              {name}
            </label>
          ) : (
            <span id={`${id}label`} className={own.flag} data-selectable>
              {name}
            </span>
          )}
          {aliases && <span className={own.alias}>{aliases}</span>}
          {valueHint !== null && <span className={own.hint}>{valueHint}</span>}
          {deprecated && <Tag>{words.deprecated}</Tag>}
          {changed && (
            <Tooltip label={m.form.onReloadTip}>
              <span className={classes.chip} data-pending>
                {m.form.onReload}
              </span>
            </Tooltip>
          )}
          {source && (
            <Tooltip label={m.form.sourceHelp[source]}>
              <span className={classes.chip}>{m.form.sources[source]}</span>
            </Tooltip>
          )}
        </div>
        <Tooltip
          label={help}
          position="bottom-start"
          openDelay={700}
          disabled={focused || help.length < LONG}
        >
          <p id={`${id}help`} className={own.help} data-whole={focused || undefined}>
            {asSentence(help)}{' '}
            {option.default !== null &&
              !help.includes('default') &&
              asSentence(words.byDefault(option.default))}
          </p>
        </Tooltip>
        {ownedReason !== null && <p className={own.help}>{asSentence(words.owned(ownedReason))}</p>}
        {problems.map(problem => (
          <ProblemLine key={problem.message} severity={problem.severity} text={problemText(problem)} />
        ))}
      </div>
      <div className={own.control}>
        {settable ? (
          <Control {...props} id={id} />
        ) : (
          parameter !== null &&
          fieldLabel !== null && (
            <Anchor
              component="button"
              type="button"
              size="xs"
              ta="right"
              onClick={() => patchWindow({ target: parameter })}
            >
              {words.inForm(fieldLabel)}
            </Anchor>
          )
        )}
      </div>
      <div className={own.reset}>
        {resettable && (
          <Tooltip label={m.form.reset(name)}>
            <ActionIcon size="xs" aria-label={m.form.reset(name)} onClick={() => onChange(undefined)}>
              <IconReset size={14} />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
    </div>
  );
}

function Control({ option, value, inherited, problems, onChange, id }: Props & { id: string }) {
  const { valueHint, choices } = option;
  const holds = value === undefined ? inherited : value;
  const error = problems.some(problem => problem.severity === 'error');
  const describedBy = `${id}help`;
  const unset = holds === undefined;
  const standard = option.default ?? '';
  if (hasOpposite(option)) {
    return (
      <SegmentedControl
        aria-labelledby={`${id}label`}
        aria-describedby={describedBy}
        value={isOn(holds) ? 'on' : isOff(holds) ? 'off' : ''}
        onChange={word => onChange(word === 'on')}
        data={[
          {
            value: 'on',
            label: (
              <span className={unset && DEFAULT_ON.test(standard) ? classes.default : undefined}>
                {m.form.on}
              </span>
            ),
          },
          {
            value: 'off',
            label: (
              <span className={unset && DEFAULT_OFF.test(standard) ? classes.default : undefined}>
                {m.form.off}
              </span>
            ),
          },
        ]}
      />
    );
  }
  if (valueHint === null) {
    return (
      <Switch
        id={id}
        aria-describedby={describedBy}
        checked={isOn(holds)}
        // What comes from elsewhere is taken away by nothing in its place.
        onChange={event =>
          onChange(
            event.currentTarget.checked ? true : isOn(inherited) && value === undefined ? '' : undefined,
          )
        }
      />
    );
  }
  const text = value === undefined || value === null ? '' : String(value);
  const placeholder =
    inherited === undefined || inherited === null
      ? (option.default ?? valueHint)
      : extraText(inherited, { off: words.setOff, not: words.setNot });
  if (choices.length > 0) {
    return (
      <Select
        id={id}
        aria-describedby={describedBy}
        data={choices.includes(text) || text === '' ? choices : [...choices, text]}
        value={text === '' ? null : text}
        onChange={word => onChange(word ?? undefined)}
        placeholder={placeholder}
        allowDeselect={false}
        error={error}
      />
    );
  }
  return (
    <TextInput
      id={id}
      aria-describedby={describedBy}
      value={text}
      onChange={event => {
        const typed = event.currentTarget.value;
        onChange(typed.trim() === '' ? undefined : typed);
      }}
      placeholder={placeholder}
      error={error}
    />
  );
}
