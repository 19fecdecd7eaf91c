// What the file says of itself: the facts in short, then everything.
import { Button, Group, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { CopyButton } from '../../components/CopyButton';
import { type Fact, FactList } from '../../components/Facts';
import { Scroll } from '../../components/Scroll';
import { useLate } from '../../components/use-late';
import { bytes, grouped } from '../../format';
import type { Model, ModelDetails, NewerUpload } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { m } from '../../messages';
import { libraryWords } from '../../messages/library';
import { attempt } from '../../state/actions';
import { keys, queryClient } from '../../state/queries';
import { patchWindow } from '../../state/window';
import libraryClasses from './Library.module.css';
import { useDetails } from './library-queries';
import { MetadataList } from './MetadataList';
import classes from './Models.module.css';

const more = libraryWords.details;

export function DetailsTab({ model }: { model: Model }) {
  const words = m.details;
  const { data: all, isPending } = useDetails(model.key);
  const late = useLate(isPending);
  const file: Fact[] = [
    { label: words.key, value: model.key, copy: model.key, mono: true },
    { label: words.path, value: model.path, copy: model.path, mono: true },
    ...fact(words.size, model.sizeBytes, count => words.bytes(bytes(count), grouped(count))),
    ...(all ? fileFacts(all) : []),
  ];
  const header: Fact[] = [
    ...fact(words.architecture, model.architecture, String),
    ...fact(words.parameters, model.parameterCount, grouped),
    ...fact(words.quantization, model.quantization, String),
    ...fact(words.context, model.contextLength, count => words.tokens(grouped(count))),
    ...model.details.map(({ label, value }) => ({ label, value: groupDigits(value) })),
    ...fact(more.format, all?.ggufVersion ?? null, more.gguf),
  ];
  return (
    <Scroll className={classes.scroll} label={m.models.tabs.details}>
      <Title order={3} mb={4}>
        {words.file}
      </Title>
      <FactList facts={file} />
      {model.sourceRepo && <Newer modelKey={model.key} repo={model.sourceRepo} />}
      <Title order={3} mt="lg" mb={4}>
        {words.header}
      </Title>
      {header.length > 0 ? <FactList facts={header} /> : <Text c="dimmed">{words.none}</Text>}
      {late && (
        <Text role="status" c="dimmed" mt="lg">
          {more.reading}
        </Text>
      )}
      {all && all.tensorTypes.length > 0 && (
        <>
          <Title order={3} mt="lg" mb={4}>
            {more.tensors}
          </Title>
          <FactList
            facts={all.tensorTypes.map(({ name, count, sizeBytes }) =>
              more.tensorType(name, grouped(count), sizeBytes === null ? null : bytes(sizeBytes)),
            )}
          />
        </>
      )}
      {all?.chatTemplate && (
        <>
          <Group justify="space-between" mt="lg" mb={4}>
            <Title order={3}>{more.template}</Title>
            <CopyButton text={all.chatTemplate} what={more.template} />
          </Group>
          <Scroll className={libraryClasses.template} label={more.template} data-selectable>
            <pre>{all.chatTemplate}</pre>
          </Scroll>
        </>
      )}
      {all && all.metadata.length > 0 && <MetadataList pairs={all.metadata} />}
    </Scroll>
  );
}

/** Shards one by one, the projector, and where it is all from. */
function fileFacts({ files, projector, source, foundIn }: ModelDetails): Fact[] {
  const count = files.length;
  const size = (sizeBytes: number | null) => (sizeBytes === null ? more.missing : bytes(sizeBytes));
  return [
    ...(count > 1
      ? files.map(({ path, sizeBytes }, index) => ({
          label: more.fileNumber(index + 1, count),
          value: `${fileName(path)} (${size(sizeBytes)})`,
          mono: true,
        }))
      : []),
    ...fact(more.projector, projector, ({ path, sizeBytes }) => `${fileName(path)} (${size(sizeBytes)})`),
    ...fact(more.source, source, ({ repo, revision }) => `${repo}, ${more.revision(revision)}`),
    ...fact(more.foundIn, foundIn, String),
  ];
}

function Newer({ modelKey, repo }: { modelKey: string; repo: string }) {
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<NewerUpload | null>(null);
  const check = async () => {
    setBusy(true);
    const found = await attempt(more.checkFailed, () => client.checkForNewer(modelKey));
    // A page that was read before may still call what is here the newest.
    if (found?.state === 'newer') void queryClient.invalidateQueries({ queryKey: keys.hubRepos });
    setAnswer(found);
    setBusy(false);
  };
  return (
    <Group gap="sm" mt={8}>
      <Button size="xs" variant="default" loading={busy} onClick={() => void check()}>
        {more.checkNewer}
      </Button>
      <Text size="sm" c="dimmed" role="status">
        {answer &&
          (answer.state === 'newer' ? more.newer.newer(bytes(answer.sizeBytes)) : more.newer[answer.state])}
      </Text>
      {answer?.state === 'newer' && (
        <Button size="xs" onClick={() => patchWindow({ tab: 'discover', hubRepo: repo, hubPageOpen: true })}>
          {more.openInDiscover}
        </Button>
      )}
    </Group>
  );
}

function fact<T>(label: string, value: T | null, text: (value: T) => string): Fact[] {
  return value === null ? [] : [{ label, value: text(value) }];
}

const fileName = (path: string) => path.split(/[\\/]/).at(-1) ?? path;

/** Numbers come as the header has them. */
const groupDigits = (text: string) => text.replace(/^\d{4,}(?= |$)/, digits => grouped(Number(digits)));
