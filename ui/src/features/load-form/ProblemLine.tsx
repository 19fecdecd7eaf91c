// What is wrong or doubtful, below what it is about.
import { IconFailed, IconWarning } from '../../components/icons';
import type { Problem } from '../../ipc/bindings';
import classes from './Form.module.css';

export function ProblemLine({ severity, text }: { severity: Problem['severity']; text: string }) {
  const Icon = severity === 'error' ? IconFailed : IconWarning;
  return (
    <div
      className={classes.problem}
      data-severity={severity}
      role={severity === 'error' ? 'alert' : undefined}
    >
      <Icon size={13} aria-hidden />
      <span>{text}</span>
    </div>
  );
}
