// What failed, why, what to try, and the engine's last words.
import { ActionIcon, Button, Group, Text } from '@mantine/core';
import { CopyButton } from '../../components/CopyButton';
import { IconClose } from '../../components/icons';
import { Scroll } from '../../components/Scroll';
import { StateMark } from '../../components/StateMark';
import { asSentence, describeFailure } from '../../errors/table';
import type { Model } from '../../ipc/bindings';
import { m } from '../../messages';
import { dismissFailure, loadModel } from '../../state/actions';
import type { ModelStatus } from '../../state/status';
import { runErrorAction } from './error-actions';
import classes from './Models.module.css';

const TAIL_LINES = 12;

export function FailedCard({ model, status }: { model: Model; status: ModelStatus }) {
  const failure = status.failure ?? { code: '', message: '', hint: '', log: [] };
  const { clause, hint, action, field } = describeFailure(failure);
  const tail = failure.log.slice(-TAIL_LINES);
  const says = status.crashed ? m.statusBar.crashed : m.status.couldNotLoad;
  return (
    <section className={classes.card} data-state="failed" aria-label={m.status.label}>
      <Group justify="space-between" wrap="nowrap">
        <StateMark state="failed" />
        <ActionIcon
          size="xs"
          aria-label={m.dismiss}
          onClick={() => void dismissFailure(model.key, model.name)}
        >
          <IconClose size={14} />
        </ActionIcon>
      </Group>
      <div data-selectable>
        <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
          {says(model.name, clause)}
        </Text>
        {hint && <Text c="dimmed">{asSentence(hint)}</Text>}
      </div>
      {tail.length > 0 && (
        <Scroll className={classes.tail} label={m.status.lastLines} data-selectable ref={keepAtEnd}>
          <pre>{tail.join('\n')}</pre>
        </Scroll>
      )}
      <Group gap="xs" mt={2}>
        <Button size="sm" onClick={() => void runErrorAction(action, model.key, field)}>
          {m.errors.actions[action]}
        </Button>
        {action !== 'tryAgain' && (
          <Button size="sm" variant="default" onClick={() => void loadModel(model.key)}>
            {m.errors.actions.tryAgain}
          </Button>
        )}
        {action !== 'showLog' && tail.length > 0 && (
          <Button
            size="sm"
            variant="subtle"
            color="gray"
            onClick={() => void runErrorAction('showLog', model.key, null)}
          >
            {m.errors.actions.showLog}
          </Button>
        )}
        {tail.length > 0 && <CopyButton text={failure.log.join('\n')} what={m.log.copyAll} size="sm" />}
      </Group>
    </section>
  );
}

/** At the end, also after the window has another size. */
function keepAtEnd(element: HTMLElement | null) {
  if (!element) return;
  const toEnd = () => {
    element.scrollTop = element.scrollHeight;
  };
  toEnd();
  const observer = new ResizeObserver(toEnd);
  observer.observe(element);
  return () => observer.disconnect();
}
