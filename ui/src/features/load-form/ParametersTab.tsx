// The load parameters of a model, generated from what its engine takes. Changes are saved as they are made.
import { Button, Skeleton, Stack } from '@mantine/core';
import { useEffect } from 'react';
import { EmptyState } from '../../components/EmptyState';
import { IconEngine } from '../../components/icons';
import { Note } from '../../components/Note';
import { useLate } from '../../components/use-late';
import { AppError } from '../../errors/app-error';
import { asSentence, describeFailure } from '../../errors/table';
import type { LoadForm, Model } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { m } from '../../messages';
import { optionWords } from '../../messages/options';
import { attempt, loadModel } from '../../state/actions';
import { useLoadForm } from '../../state/queries';
import type { ModelStatus } from '../../state/status';
import { openSettings, windowState, without } from '../../state/window';
import { CommandBar } from './CommandBar';
import { EngineChoice } from './EngineChoice';
import { EngineOptions } from './EngineOptions';
import { FieldGroup } from './FieldGroup';
import classes from './Form.module.css';
import { changedSince, groupsOf, otherProblems, withLabels } from './form';
import { MemoryBar } from './MemoryBar';
import { changedExtras, extrasOf, flagOf } from './options';
import { StayGroup } from './StayGroup';
import { useDraft } from './use-draft';
import { useFocusedField } from './use-focused-field';

export function ParametersTab({ model, status }: { model: Model; status: ModelStatus }) {
  const form = useLoadForm(model.key);
  const late = useLate(form.isPending);
  if (form.isPending) return late ? <Waiting /> : null;
  if (form.error) {
    const { clause, hint } = describeFailure(AppError.unexpected(form.error));
    return (
      <div className={classes.form}>
        <Note
          kind="bad"
          title={m.form.failed}
          action={
            <Button size="xs" variant="default" onClick={() => void form.refetch()}>
              {m.models.retry}
            </Button>
          }
        >
          {asSentence(clause)} {hint}
        </Note>
        {/* The engine it is set to may be what is wrong. */}
        {model.engine !== null && <EngineChoice model={model} focused />}
      </div>
    );
  }
  if (form.data.engine === null) {
    return (
      <EmptyState
        icon={<IconEngine size={30} stroke={1.2} />}
        title={m.form.noEngineTitle}
        action={<Button onClick={() => openSettings('engine')}>{m.errors.actions.chooseEngine}</Button>}
      >
        {m.form.noEngineBody}
      </EmptyState>
    );
  }
  return <Form model={model} status={status} form={form.data} />;
}

function Form({ model, status, form }: { model: Model; status: ModelStatus; form: LoadForm }) {
  const draft = useDraft(form);
  const { focused, handlers } = useFocusedField();
  const { preview, previewFailure, typedProblems } = draft;
  const problems = (preview?.problems ?? []).map(problem => ({
    ...problem,
    message: withLabels(problem.message, form.fields),
    hint: problem.hint && withLabels(problem.hint, form.fields),
  }));
  const resolved = preview ?? form;

  const running = status.state === 'ready' || status.state === 'starting';
  const changed =
    running && status.server && preview
      ? changedSince(status.server.appliedParams, preview.effective, form.fields)
      : [];

  const changedFlags =
    running && status.server && preview ? changedExtras(status.server.appliedParams, preview.effective) : [];

  const wrong = form.fields.find(
    field =>
      typedProblems[field.name] ??
      problems.some(problem => problem.param === field.name && problem.severity === 'error'),
  );
  const others = otherProblems(form, problems);
  const wrongOther = others.find(problem => problem.severity === 'error');
  const wrongName = wrong
    ? wrong.label
    : wrongOther && (flagOf(wrongOther, extrasOf(draft.params)) ?? optionWords.theOptions);
  const blockedBy = wrongName ? m.form.fixFirst(wrongName) : null;
  useEffect(() => {
    windowState.set(value => ({
      ...value,
      blocked: blockedBy ? { ...value.blocked, [model.key]: blockedBy } : without(value.blocked, model.key),
    }));
    return () => windowState.set(value => ({ ...value, blocked: without(value.blocked, model.key) }));
  }, [blockedBy, model.key]);

  return (
    <>
      <MemoryBar form={form} draft={draft} />
      <div className={classes.form} {...handlers}>
        <form className={classes.inner} aria-label={m.form.label} onSubmit={event => event.preventDefault()}>
          {groupsOf(form.fields).map(group => (
            <FieldGroup
              key={group.category}
              group={group}
              limits={form.limits}
              draft={draft}
              resolved={resolved}
              problems={problems}
              changed={changed}
              focused={focused}
              more={
                group.category === 'advanced' && <EngineChoice model={model} focused={focused === 'engine'} />
              }
              moreSummary={
                group.category === 'advanced' && model.engine ? optionWords.engineSummary(model.engine) : null
              }
            />
          ))}
          <StayGroup model={model} />
          <EngineOptions
            form={form}
            draft={draft}
            resolved={resolved}
            problems={others}
            changed={changedFlags}
            focused={focused}
          />
        </form>
      </div>
      <CommandBar
        commandLine={preview?.commandLine.length ? preview.commandLine : null}
        onCopy={() =>
          attempt(m.form.copyingCommandLine, () => client.copyCommandLine(model.key, draft.params))
        }
        failed={
          previewFailure
            ? describeFailure(previewFailure).clause
            : preview?.commandLine.length === 0
              ? m.form.fixProblems
              : null
        }
        changed={[...changed.map(field => field.label), ...changedFlags]}
        canReload={status.state === 'ready' && blockedBy === null}
        onReload={() => void loadModel(model.key)}
      />
    </>
  );
}

function Waiting() {
  return (
    <Stack className={classes.form} gap={16} pt="md" role="status" aria-label={m.loading}>
      {[180, 260, 150, 220, 190, 240].map(width => (
        <div key={width} style={{ display: 'flex', gap: 40 }}>
          <Skeleton h={12} w={110} />
          <Skeleton h={12} w={width} />
        </div>
      ))}
    </Stack>
  );
}
