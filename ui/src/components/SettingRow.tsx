// One setting: its name on the left, its control and one sentence on the right.
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './SettingRow.module.css';

type Props = {
  /** The control's id; the sentence gets the same with `-help`. */
  id: string;
  label: string;
  help?: ReactNode;
  /** The sentence is about something wrong. */
  bad?: boolean;
  /** The sentence came as an answer, and is to be read out. */
  told?: boolean;
  children: ReactNode;
};

export function SettingRow({ id, label, help, bad, told, children }: Props) {
  return (
    <div className={classes.setting}>
      <label htmlFor={id}>{label}</label>
      <div className={classes.control}>
        {children}
        {help && (
          <Text
            id={`${id}-help`}
            size="xs"
            mt={3}
            c={bad ? 'var(--pd-bad)' : 'dimmed'}
            role={told ? 'alert' : undefined}
          >
            {help}
          </Text>
        )}
      </div>
    </div>
  );
}
