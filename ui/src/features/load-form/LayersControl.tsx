// A number in whose place the engine also takes words: `auto`, `all`, or so many. None at all has a name of its own.
import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import { m } from '../../messages';
import type { ControlProps } from './control';
import classes from './Form.module.css';
import { NumberField } from './IntegerControl';
import { orderedChoices, suffix, valueText } from './values';

const NONE = '0';
const NUMBER = 'number';

export function LayersControl(props: ControlProps) {
  const { field, limits, value, inherited, text, onChange, labelId, describedBy } = props;
  // A 0 that is being typed must not fold the field away. A word comes from elsewhere, and is no number.
  const [typing, setTyping] = useState(false);
  const holds = value ?? inherited;
  const numeric = typeof holds === 'number' || text !== undefined;
  const mode =
    (typing && typeof value !== 'string') || (numeric && holds !== 0)
      ? NUMBER
      : holds === undefined
        ? ''
        : String(holds);
  const unset = mode === '';

  const choose = (next: string) => {
    setTyping(next === NUMBER);
    if (next === NONE) onChange(0);
    else if (next === NUMBER)
      onChange(typeof value === 'number' && value > 0 ? value : (limits.blockCount ?? 1));
    else onChange(next);
  };
  const words = orderedChoices(field).map(word => ({
    value: word,
    label: (
      <span className={unset && word === field.placeholder ? classes.default : undefined}>
        {valueText(word)}
      </span>
    ),
  }));
  return (
    <>
      <SegmentedControl
        aria-labelledby={labelId}
        aria-describedby={describedBy}
        value={mode}
        onChange={choose}
        data={[
          ...words,
          {
            value: NONE,
            label: (
              <span className={unset && field.placeholder === NONE ? classes.default : undefined}>
                {m.form.cpuOnly}
              </span>
            ),
          },
          { value: NUMBER, label: m.form.number },
        ]}
      />
      {mode === NUMBER && (
        <>
          <div style={{ width: 64 }}>
            <NumberField {...props} />
          </div>
          <span className={classes.suffix}>{suffix(field, limits)}</span>
        </>
      )}
    </>
  );
}
