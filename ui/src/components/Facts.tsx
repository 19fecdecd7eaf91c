// Labelled values: the small print of a model or a run.
import type { ReactNode } from 'react';
import { CopyButton } from './CopyButton';
import classes from './Facts.module.css';

export type Fact = { label: string; value: ReactNode; copy?: string; mono?: boolean };

/** Side by side, the label above. */
export function FactRow({ facts }: { facts: Fact[] }) {
  return (
    <dl className={classes.row}>
      {facts.map(fact => (
        <div key={fact.label} className={classes.cell}>
          <dt>{fact.label}</dt>
          <dd data-mono={fact.mono || undefined}>
            <span data-selectable className={classes.value}>
              {fact.value}
            </span>
            {fact.copy && <CopyButton text={fact.copy} what={fact.label} />}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** One below the other, the label on the left. */
export function FactList({
  facts,
  wide,
}: {
  facts: Fact[] /** For labels that are long. */;
  wide?: boolean;
}) {
  return (
    <dl className={classes.list} data-wide={wide || undefined}>
      {facts.map((fact, index) => (
        // Headers may repeat a label; the order never changes.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <div key={`${fact.label}:${index}`} className={classes.line}>
          <dt>{fact.label}</dt>
          <dd data-mono={fact.mono || undefined}>
            <span data-selectable className={classes.value}>
              {fact.value}
            </span>
            {fact.copy && <CopyButton text={fact.copy} what={fact.label} />}
          </dd>
        </div>
      ))}
    </dl>
  );
}
