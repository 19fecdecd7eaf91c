// Everything that the engine takes, in its own words, below the fields that have a name of their own. What is set is in
// view while the list is folded; the list is asked for when it is opened, and only a part of it is drawn.
import { Button, Group, Loader, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { IconChevronDown, IconChevronRight, IconSearch } from '../../components/icons';
import { Note } from '../../components/Note';
import { useLate } from '../../components/use-late';
import { AppError } from '../../errors/app-error';
import { asSentence, describeFailure } from '../../errors/table';
import { grouped } from '../../format';
import type { EngineOption, LoadForm, Preview, Problem } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { m } from '../../messages';
import { optionWords as words } from '../../messages/options';
import { keys } from '../../state/queries';
import classes from './Form.module.css';
import { OptionRow } from './OptionRow';
import own from './Options.module.css';
import {
  extrasOf,
  flagOf,
  problemsOfOption,
  problemText,
  searchOptions,
  sectionsOf,
  sectionTitle,
  shownExtra,
  withExtra,
  withOption,
} from './options';
import { ProblemLine } from './ProblemLine';
import { SetOptions } from './SetOptions';
import type { Draft } from './use-draft';

type Props = {
  form: LoadForm;
  draft: Draft;
  resolved: Pick<Preview, 'effective' | 'sources'>;
  /** Those that are of no field. */
  problems: Problem[];
  /** Flags that the running model has otherwise. */
  changed: string[];
  focused: string | null;
};

const PAGE = 40;
const NONE: EngineOption[] = [];

export function EngineOptions({ form, draft, resolved, problems, changed, focused }: Props) {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState('');
  const [limit, setLimit] = useState(PAGE);
  const bodyId = useId();
  const query = useQuery({
    queryKey: [...keys.engineOptions(form.key), form.engine],
    queryFn: () => client.engineOptions(form.key),
    enabled: open,
  });
  const late = useLate(open && query.isPending);
  const options = query.data ?? NONE;
  const extras = extrasOf(draft.params);

  const found = open ? searchOptions(options, text) : NONE;
  const shown = found.slice(0, limit);
  const search = (typed: string) => {
    setText(typed);
    setLimit(PAGE);
  };
  const show = (flag: string) => {
    setOpen(true);
    search(flag);
  };
  const inRows = new Set(shown.flatMap(option => problemsOfOption(option, problems, extras)));
  const Chevron = open ? IconChevronDown : IconChevronRight;
  const title = query.data ? words.titleCount(grouped(options.length)) : words.title;
  return (
    <section className={classes.group} aria-label={words.title}>
      <UnstyledButton
        className={classes.groupHead}
        aria-expanded={open}
        aria-controls={bodyId}
        onClick={() => setOpen(!open)}
      >
        <Chevron size={14} aria-hidden />
        <span className={classes.groupName}>{title}</span>
        {!open && <span className={classes.groupNote}>{words.note}</span>}
      </UnstyledButton>
      <SetOptions
        extras={extras}
        changed={changed}
        wrong={problems.filter(problem => problem.severity === 'error').map(one => flagOf(one, extras))}
        onShow={show}
        onRemove={flag => draft.setParams(withExtra(draft.params, flag, undefined))}
      />
      <div className={own.problems}>
        {problems
          .filter(problem => !inRows.has(problem))
          .map(problem => (
            <ProblemLine key={problem.message} severity={problem.severity} text={problemText(problem)} />
          ))}
      </div>
      {open && (
        <div id={bodyId} className={own.body}>
          {late && <Loader size="xs" color="gray" my="sm" role="status" aria-label={m.loading} />}
          {query.error && (
            <Failed failure={AppError.unexpected(query.error)} onRetry={() => void query.refetch()} />
          )}
          {query.data && (
            <>
              <Group gap="sm" wrap="nowrap" className={own.search}>
                <TextInput
                  flex={1}
                  maw={320}
                  aria-label={words.search}
                  placeholder={words.search}
                  leftSection={<IconSearch size={15} />}
                  value={text}
                  onChange={event => search(event.currentTarget.value)}
                  onKeyDown={event => {
                    if (event.key !== 'Escape' || text === '') return;
                    event.stopPropagation();
                    search('');
                  }}
                />
                {text.trim() !== '' && (
                  <Text span size="xs" c="dimmed" role="status" style={{ whiteSpace: 'nowrap' }}>
                    {words.count(grouped(found.length), grouped(options.length))}
                  </Text>
                )}
              </Group>
              {found.length === 0 && (
                <Text c="dimmed" py="xs">
                  {words.noMatch(text.trim())}
                </Text>
              )}
              {sectionsOf(shown).map(({ section, options: inIt }) => (
                <section key={section} aria-label={sectionTitle(section)}>
                  <h4 className={own.section}>{sectionTitle(section)}</h4>
                  {inIt.map(option => (
                    <OptionRow
                      key={option.name}
                      option={option}
                      {...shownExtra(option, extras, resolved)}
                      problems={problemsOfOption(option, problems, extras)}
                      changed={option.names.some(name => changed.includes(name))}
                      fieldLabel={form.fields.find(field => field.name === option.parameter)?.label ?? null}
                      focused={focused === option.name}
                      onChange={value => draft.setParams(withOption(draft.params, option, value))}
                    />
                  ))}
                </section>
              ))}
              {found.length > limit && (
                <Button size="xs" variant="default" mt="xs" onClick={() => setLimit(limit + PAGE)}>
                  {words.showMore(grouped(Math.min(PAGE, found.length - limit)))}
                </Button>
              )}
            </>
          )}
        </div>
      )}
    </section>
  );
}

function Failed({ failure, onRetry }: { failure: AppError; onRetry: () => void }) {
  const { clause, hint } = describeFailure(failure);
  return (
    <Note
      kind="bad"
      title={words.failed}
      action={
        <Button size="xs" variant="default" onClick={onRetry}>
          {m.models.retry}
        </Button>
      }
    >
      {asSentence(clause)} {hint}
    </Note>
  );
}
