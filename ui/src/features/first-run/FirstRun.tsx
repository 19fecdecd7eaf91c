// What somebody sees who has never opened Paddock: three steps, each of which can be skipped.
import { Button, Group, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';
import { Scroll } from '../../components/Scroll';
import { firstRunWords as words } from '../../messages/first-run';
import { announce, useWindow } from '../../state/window';
import { FoundDialog } from '../models/FoundDialog';
import { DoneStep } from './DoneStep';
import { EngineStrip } from './EngineStrip';
import classes from './FirstRun.module.css';
import { finishFirstRun, patchFirstRun, STEPS, type Step, useFirstRun } from './first-run-state';
import { MachineStep } from './MachineStep';
import { ModelStep } from './ModelStep';

const steps: Record<Step, () => ReactNode> = { machine: MachineStep, model: ModelStep, done: DoneStep };

export default function FirstRun() {
  const step = useFirstRun(state => state.step);
  const Current = steps[step];
  // A link to a model was opened outside: that is where the user wants to be.
  const linked = useWindow(value => value.tab === 'discover' && value.hubPageOpen);
  useEffect(() => {
    if (linked) patchFirstRun({ active: false });
  }, [linked]);
  return (
    <Scroll className={classes.page} label={words.label}>
      <div className={classes.card}>
        <Current key={step} />
        <EngineStrip first={step === 'machine'} />
      </div>
      <FoundDialog />
    </Scroll>
  );
}

type FrameProps = {
  step: Step;
  title: string;
  body: string;
  children: ReactNode;
  /** What can be done, the most likely last. */
  actions: ReactNode;
  onSkip?: () => void;
};

/** A step: its number, what it is about, and its buttons in the same place each time. */
export function Frame({ step, title, body, children, actions, onSkip }: FrameProps) {
  const number = STEPS.indexOf(step) + 1;
  const heading = useRef<HTMLHeadingElement>(null);
  // Where somebody reads on, with eyes or with a screen reader.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each step
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    announce(words.announce(number, title));
  }, []);
  return (
    <>
      <Group justify="space-between" wrap="nowrap" mb={4}>
        <Text size="xs" c="dimmed">
          {words.step(number, STEPS.length)}
        </Text>
        {step !== 'done' && (
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            mr={-8}
            onClick={() => void finishFirstRun()}
          >
            {words.skipAll}
          </Button>
        )}
      </Group>
      <Title order={1} ref={heading} tabIndex={-1} className={classes.title}>
        {title}
      </Title>
      <Text c="dimmed" mb="md">
        {body}
      </Text>
      {children}
      <Group justify="space-between" gap="xs" mt="lg">
        {onSkip ? (
          <Button variant="subtle" color="gray" onClick={onSkip} ml={-10}>
            {words.skip}
          </Button>
        ) : (
          <span />
        )}
        <Group gap="xs">{actions}</Group>
      </Group>
    </>
  );
}
