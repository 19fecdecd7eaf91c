// Why an answer is not complete, and what to do about it.
import { Button } from '@mantine/core';
import { Note } from '../../components/Note';
import { asSentence, describeFailure } from '../../errors/table';
import type { ChatMessage } from '../../ipc/bindings';
import { m } from '../../messages';
import { runErrorAction } from '../models/error-actions';
import { failureOfIpc } from './chat-actions';

type Props = { message: ChatMessage; onAgain: () => void; canAsk: boolean };

export function AnswerProblem({ message, onAgain, canAsk }: Props) {
  const { error, model } = message;
  if (!error) return null;
  const { clause, hint, action, field } = describeFailure(failureOfIpc(error));
  const again = action === 'tryAgain';
  const run = () => (again ? onAgain() : void runErrorAction(action, model ?? '', field));
  return (
    <div style={{ marginTop: 8 }}>
      <Note
        kind="bad"
        title={asSentence(clause)}
        action={
          (canAsk || !again) && (
            <Button size="xs" variant="default" onClick={run}>
              {m.errors.actions[action]}
            </Button>
          )
        }
      >
        {hint === '' ? null : asSentence(hint)}
      </Note>
    </div>
  );
}
