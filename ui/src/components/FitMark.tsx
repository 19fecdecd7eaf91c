// Whether something runs on this machine, as colour, icon and word together.
import type { Fit } from '../ipc/bindings';
import classes from './FitMark.module.css';
import { IconReady, IconTooBig, IconWarning } from './icons';

const looks = {
  fits: { Icon: IconReady, icon: 'var(--pd-accent)', text: 'var(--mantine-color-green-light-color)' },
  tight: { Icon: IconWarning, icon: 'var(--pd-warn)', text: 'var(--pd-warn)' },
  tooBig: { Icon: IconTooBig, icon: 'var(--pd-bad)', text: 'var(--pd-bad)' },
};

export function FitMark({ fit, words }: { fit: Fit; words: Record<Fit, string> }) {
  if (fit === 'unknown') return <span className={classes.fit}>{words.unknown}</span>;
  const { Icon, icon, text } = looks[fit];
  return (
    <span className={classes.fit} style={{ color: text }}>
      <Icon size={13} color={icon} aria-hidden />
      {words[fit]}
    </span>
  );
}
