// How long a model stays, whether it is there from the start, and what else requests may call it. These are Paddock's,
// not the engine's: they count at once, also for a model that runs.
import { ActionIcon, Button, Group, Select, Switch, Text, TextInput, UnstyledButton } from '@mantine/core';
import { type ReactNode, useId, useState } from 'react';
import { IconChevronDown, IconChevronRight, IconClose } from '../../components/icons';
import type { Model, ModelPolicy } from '../../ipc/bindings';
import { policyWords as words } from '../../messages/policy';
import { addAlias, idleChoices, idleWords, removeAlias, setPolicy } from '../../state/policy';
import { useSettings } from '../../state/queries';
import { remember, remembered } from '../../state/window';
import classes from './Form.module.css';
import { SecondEntryDialog } from './SecondEntryDialog';

const OPEN = 'paddock.group.stay';
const AS_SET = 'as-set';

export function StayGroup({ model }: { model: Model }) {
  const [open, setOpen] = useState(() => remembered(OPEN) === 'open');
  const bodyId = useId();
  const toggle = () => {
    remember(OPEN, open ? 'folded' : 'open');
    setOpen(!open);
  };
  const Chevron = open ? IconChevronDown : IconChevronRight;
  return (
    <section className={classes.group} aria-label={words.title}>
      <UnstyledButton
        className={classes.groupHead}
        aria-expanded={open}
        aria-controls={bodyId}
        onClick={toggle}
      >
        <Chevron size={14} aria-hidden />
        <span className={classes.groupName}>{words.title}</span>
        {!open && <span className={classes.groupNote}>{staySummary(model)}</span>}
      </UnstyledButton>
      {open && (
        <div id={bodyId} className={classes.fields}>
          <Fields model={model} />
        </div>
      )}
    </section>
  );
}

/** What is set, or what could be. */
export function staySummary({ policy, aliases }: Pick<Model, 'policy' | 'aliases'>): string {
  const set = [
    policy.keepLoaded && words.keep.toLowerCase(),
    policy.ttlSeconds !== null && `${words.ttl.toLowerCase()} ${idleWords(policy.ttlSeconds)}`,
    policy.loadAtStart && words.loadAtStart.toLowerCase(),
    aliases.length > 0 && words.alsoCalled(aliases.join(', ')),
  ].filter(Boolean);
  return set.length > 0
    ? set.join(', ')
    : [words.keep, words.ttl, words.loadAtStart, words.aliases].join(', ');
}

function Fields({ model }: { model: Model }) {
  const { policy } = model;
  const limits = useSettings().data?.serving.limits;
  const [second, setSecond] = useState(false);
  const change = (patch: Partial<ModelPolicy>) => void setPolicy(model, { ...policy, ...patch });
  const asSet = words.asSet(limits ? idleWords(limits.idleSeconds) : '…');
  return (
    <>
      {model.aliasOf && (
        <Text size="xs" c="dimmed" pl={19} pb={4}>
          {words.aliasOf(model.aliasOf)}
        </Text>
      )}
      <Row label={words.keep} help={words.keepHelp}>
        {id => (
          <Switch
            id={id}
            checked={policy.keepLoaded}
            onChange={event => change({ keepLoaded: event.currentTarget.checked })}
            aria-describedby={`${id}-help`}
          />
        )}
      </Row>
      <Row label={words.ttl} help={words.ttlHelp}>
        {id => (
          <Select
            id={id}
            w={250}
            allowDeselect={false}
            disabled={policy.keepLoaded}
            value={policy.ttlSeconds === null ? AS_SET : String(policy.ttlSeconds)}
            data={[{ value: AS_SET, label: asSet }, ...idleChoices(policy.ttlSeconds)]}
            onChange={value => value && change({ ttlSeconds: value === AS_SET ? null : Number(value) })}
            aria-describedby={`${id}-help`}
          />
        )}
      </Row>
      <Row label={words.loadAtStart} help={words.loadAtStartHelp}>
        {id => (
          <Switch
            id={id}
            checked={policy.loadAtStart}
            onChange={event => change({ loadAtStart: event.currentTarget.checked })}
            aria-describedby={`${id}-help`}
          />
        )}
      </Row>
      <Aliases model={model} />
      <div className={classes.field}>
        <span />
        <div>
          <Button size="xs" variant="default" onClick={() => setSecond(true)}>
            {words.second}
          </Button>
        </div>
      </div>
      {second && <SecondEntryDialog model={model} onClose={() => setSecond(false)} />}
    </>
  );
}

function Row({
  label,
  help,
  children,
}: {
  label: string;
  help: string;
  children: (id: string) => ReactNode;
}) {
  const id = useId();
  return (
    <div className={classes.field} data-stay>
      <label htmlFor={id} className={classes.label}>
        {label}
      </label>
      <div className={classes.control}>
        {children(id)}
        <Text id={`${id}-help`} size="xs" c="dimmed">
          {help}
        </Text>
      </div>
    </div>
  );
}

function Aliases({ model }: { model: Model }) {
  const [typed, setTyped] = useState('');
  const alias = typed.trim().toLowerCase();
  const wrong = alias !== '' && !isAlias(alias);
  // Inside the parameters' form, which has nothing to submit.
  const add = async () => {
    if (alias && !wrong && (await addAlias(model, alias, false))) setTyped('');
  };
  return (
    <Row label={words.aliases} help={wrong ? words.aliasInvalid : words.aliasesHelp}>
      {id => (
        <Group gap={6}>
          {model.aliases.map(name => (
            <span key={name} className={classes.alias}>
              <code data-selectable>{name}</code>
              <ActionIcon
                size={18}
                aria-label={words.removeAlias(name)}
                onClick={() => void removeAlias(name)}
              >
                <IconClose size={12} />
              </ActionIcon>
            </span>
          ))}
          <TextInput
            id={id}
            w={150}
            placeholder={words.aliasPlaceholder}
            value={typed}
            onChange={event => setTyped(event.currentTarget.value)}
            onKeyDown={event => {
              if (event.key === 'Enter') void add();
            }}
            error={wrong}
            autoComplete="off"
            spellCheck={false}
            aria-describedby={`${id}-help`}
          />
          {alias && (
            <Button size="sm" variant="default" disabled={wrong} onClick={() => void add()}>
              {words.add}
            </Button>
          )}
        </Group>
      )}
    </Row>
  );
}

/** As the back end has it: letters, digits and `._-+:`, with one slash at most. */
export const isAlias = (name: string) =>
  /^[\p{L}\p{N}._+:-]+(\/[\p{L}\p{N}._+:-]+)?$/u.test(name) &&
  !name.split('/').some(part => /^\.+$/.test(part));
