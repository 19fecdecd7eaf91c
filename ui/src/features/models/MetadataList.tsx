// All that a header says, to be searched.
import { TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { FactList } from '../../components/Facts';
import { IconSearch } from '../../components/icons';
import { grouped } from '../../format';
import type { MetadataPair } from '../../ipc/bindings';
import { libraryWords } from '../../messages/library';

const words = libraryWords.details;

export function MetadataList({ pairs }: { pairs: readonly MetadataPair[] }) {
  const [text, setText] = useState('');
  const wanted = text.trim().toLowerCase();
  const shown = pairs.filter(({ key, value }) => `${key} ${value}`.toLowerCase().includes(wanted));
  return (
    <>
      <Title order={3} mt="lg" mb={4}>
        {words.all}
      </Title>
      <TextInput
        mb={6}
        leftSection={<IconSearch size={15} />}
        aria-label={words.search}
        placeholder={words.search}
        value={text}
        onChange={event => setText(event.currentTarget.value)}
        onKeyDown={event => event.key === 'Escape' && setText('')}
      />
      {shown.length === 0 ? (
        <p role="status">{words.noMatch(text.trim())}</p>
      ) : (
        <FactList
          wide
          facts={shown.map(({ key, kind, value }) => ({
            label: key,
            value: kind === 'number' && /^\d{5,}$/.test(value) ? grouped(Number(value)) : value,
            mono: kind === 'text' || kind === 'texts',
          }))}
        />
      )}
    </>
  );
}
