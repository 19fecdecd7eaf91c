// What is typed as text: numbers with a fraction, paths, lists, variables, templates. Kept when the field is left or Enter
// is pressed, so that nothing half typed is saved.
import { Textarea, TextInput } from '@mantine/core';
import type { ControlProps } from './control';
import { defaultText, typedProblem, valueText } from './values';

export function TextControl(props: ControlProps) {
  const { field, limits, value, inherited, text, onChange, onText, id, describedBy, problem } = props;
  const shown = text ?? (value === undefined ? '' : String(value));
  const keep = () => {
    if (text === undefined || typedProblem(field, text)) return;
    const bare = text.trim();
    if (bare === '') onChange(undefined);
    else onChange(field.kind === 'number' ? Number(bare.replaceAll(',', '')) : bare);
  };
  const common = {
    id,
    value: shown,
    onBlur: keep,
    error: problem,
    'aria-describedby': describedBy,
    autoComplete: 'off',
    spellCheck: false,
    placeholder:
      inherited === undefined ? (defaultText(field, limits) ?? field.choices[0] ?? '') : valueText(inherited),
  };
  if (field.kind === 'text') {
    return (
      <Textarea
        {...common}
        flex={1}
        autosize
        minRows={1}
        maxRows={8}
        onChange={event => onText(event.currentTarget.value)}
      />
    );
  }
  return (
    <TextInput
      {...common}
      {...(field.kind === 'number' ? { w: 128 } : { flex: 1, maw: 420 })}
      onChange={event => onText(event.currentTarget.value)}
      onKeyDown={event => {
        if (event.key === 'Enter') keep();
      }}
    />
  );
}
