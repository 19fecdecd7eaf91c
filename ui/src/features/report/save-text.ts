// A text as a file where the user says.
import { client } from '../../ipc/client';
import { reportWords as words } from '../../messages/report';
import { attempt } from '../../state/actions';
import { announce } from '../../state/window';

export async function saveText(name: string, text: string): Promise<void> {
  const saved = await attempt(words.doing.save, () => client.saveText(name, text));
  if (saved) announce(words.saved);
}
