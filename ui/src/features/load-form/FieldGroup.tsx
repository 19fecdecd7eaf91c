// The fields of one category. What people change most is open; the others say what is set in them while they are folded.
import { Button, UnstyledButton } from '@mantine/core';
import { type ReactNode, useEffect, useId, useState } from 'react';
import { IconChevronDown, IconChevronRight } from '../../components/icons';
import type { FieldSchema, Limits, Preview, Problem } from '../../ipc/bindings';
import { m } from '../../messages';
import { setNames } from '../../state/queries';
import { patchWindow, remember, remembered, useWindow } from '../../state/window';
import { FieldRow } from './FieldRow';
import classes from './Form.module.css';
import { type Group, groupSummary, problemsOf, shownValue } from './form';
import type { Draft } from './use-draft';

type Props = {
  group: Group;
  limits: Limits;
  draft: Draft;
  resolved: Pick<Preview, 'effective' | 'sources'>;
  problems: Problem[];
  changed: FieldSchema[];
  focused: string | null;
  /** What else belongs here, and what to say of it while the group is folded. */
  more?: ReactNode;
  moreSummary?: string | null;
};

const OPEN = 'paddock.group.';

export function FieldGroup({
  group,
  limits,
  draft,
  resolved,
  problems,
  changed,
  focused,
  more,
  moreSummary,
}: Props) {
  const { category, fields } = group;
  const always = category === 'basic';
  const [unfolded, setUnfolded] = useState(() => remembered(OPEN + category) === 'open');
  const bodyId = useId();
  const target = useWindow(value => value.target);
  const wanted = fields.some(field => field.name === target);
  // A problem must not hide in a folded group.
  const wrong = fields.some(
    field =>
      draft.typedProblems[field.name] ||
      problemsOf(field.name, problems).some(problem => problem.severity === 'error'),
  );
  const open = always || unfolded || wrong || wanted;

  useEffect(() => {
    if (!wanted || !target) return;
    setUnfolded(true);
    const field = document.querySelector(`[data-field="${target}"]`);
    field?.scrollIntoView({ block: 'nearest' });
    field?.querySelector<HTMLElement>('input')?.focus();
    patchWindow({ target: null });
  }, [wanted, target]);

  const toggle = () => {
    remember(OPEN + category, unfolded ? 'folded' : 'open');
    setUnfolded(!unfolded);
  };
  const anySet = setNames(draft.params).length > 0;
  const summary = [groupSummary(group, draft.params), moreSummary].filter(Boolean).join(', ');
  const Chevron = open ? IconChevronDown : IconChevronRight;
  return (
    <section className={classes.group} aria-label={m.form.categories[category]}>
      {always ? (
        <div className={classes.groupHead} style={{ justifyContent: 'space-between' }}>
          <h3 className={classes.groupName} style={{ margin: 0, fontSize: 'inherit' }}>
            {m.form.categories[category]}
          </h3>
          {anySet && (
            <Button size="xs" variant="subtle" color="gray" onClick={draft.resetAll}>
              {m.form.resetAll}
            </Button>
          )}
        </div>
      ) : (
        <UnstyledButton
          className={classes.groupHead}
          aria-expanded={open}
          aria-controls={bodyId}
          onClick={toggle}
        >
          <Chevron size={14} aria-hidden />
          <span className={classes.groupName}>{m.form.categories[category]}</span>
          {!open && (
            <span className={classes.groupNote}>
              {summary || fields.map(field => field.label).join(', ')}
            </span>
          )}
        </UnstyledButton>
      )}
      {open && (
        <div id={bodyId} className={classes.fields}>
          {fields.map(field => (
            <FieldRow
              key={field.name}
              field={field}
              limits={limits}
              shown={shownValue(field.name, draft.params, resolved)}
              text={draft.texts[field.name]}
              typedProblem={draft.typedProblems[field.name] ?? null}
              problems={problemsOf(field.name, problems)}
              onReload={changed.includes(field)}
              focused={focused === field.name}
              onChange={draft.setValue}
              onText={draft.setText}
            />
          ))}
          {more}
        </div>
      )}
    </section>
  );
}
