// Asks before a model goes, and says what of it: from the list alone, or its file to the trash as well. One that runs is
// not removed; where there is no trash, deleting for good is offered.
import { Button, Checkbox, Group, Modal, Text } from '@mantine/core';
import { useState } from 'react';
import { Confirm } from '../../components/Confirm';
import { bytes } from '../../format';
import type { Model } from '../../ipc/bindings';
import { m } from '../../messages';
import { libraryWords } from '../../messages/library';
import { removeModel, stopModel } from '../../state/actions';
import { useModel } from '../../state/queries';
import { isOn, useModelStatus } from '../../state/status';
import { patchWindow, useWindow } from '../../state/window';

const words = libraryWords.remove;

/** Apps whose stores break when a file is taken out of them. */
const OWNERS: Record<string, string> = { ollama: 'Ollama', huggingface: 'the Hugging Face cache' };

export function RemoveDialog() {
  const key = useWindow(value => value.removing);
  const model = useModel(key);
  if (!model) return null;
  return <Asking key={model.key} model={model} />;
}

const close = () => patchWindow({ removing: null });

function Asking({ model }: { model: Model }) {
  const { state } = useModelStatus(model.key);
  const [alsoFile, setAlsoFile] = useState(false);
  const [noTrash, setNoTrash] = useState(false);
  const size = bytes(model.sizeBytes ?? 0);
  const owner = model.foundIn === null ? undefined : OWNERS[model.foundIn];
  if (isOn(state)) return <StopFirst model={model} />;
  if (noTrash) {
    return (
      <Confirm
        title={words.noTrashTitle}
        confirm={words.deleteForGood}
        onConfirm={() => removeModel(model, 'delete')}
        onClose={close}
      >
        {words.noTrashBody(model.name, size)}
        <Where model={model} />
      </Confirm>
    );
  }
  // What is in a models folder would be found again, so its file has to go too.
  const inFolder = model.present && model.folder !== null;
  const fate = inFolder || alsoFile ? 'trash' : 'keep';
  const remove = async () => {
    const answer = await removeModel(model, fate);
    if (answer === 'no_trash') setNoTrash(true);
    else close();
  };
  return (
    <Modal opened onClose={close} title={words.title(model.name)} withCloseButton={false}>
      <Text component="div" size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
        {inFolder ? words.trashBody(size) : words.forgetBody}{' '}
        {model.shardCount > 1 && inFolder && words.shards(model.shardCount)}
        {owner && words.ofApp(owner)}
        <Where model={model} />
      </Text>
      {!inFolder && !owner && model.present && (
        <Checkbox
          mt="md"
          label={words.alsoFile(size)}
          checked={alsoFile}
          onChange={event => setAlsoFile(event.currentTarget.checked)}
        />
      )}
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          {m.cancel}
        </Button>
        <Button color="red" onClick={() => void remove()}>
          {fate === 'trash' ? words.trash : words.forget}
        </Button>
      </Group>
    </Modal>
  );
}

function StopFirst({ model }: { model: Model }) {
  return (
    <Modal opened onClose={close} title={words.runningTitle(model.name)} withCloseButton={false}>
      <Text size="sm" c="dimmed">
        {words.runningBody}
      </Text>
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          {m.cancel}
        </Button>
        <Button onClick={() => void stopModel(model.key, model.name)}>{words.stop}</Button>
      </Group>
    </Modal>
  );
}

const Where = ({ model }: { model: Model }) => (
  <Text component="div" size="xs" mt="xs" ff="monospace">
    {model.path}
  </Text>
);
