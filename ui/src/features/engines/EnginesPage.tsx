// The llama-server builds: which one runs the models, which are here, and which could be.
import { Button, Skeleton, Stack } from '@mantine/core';
import { Note } from '../../components/Note';
import { Page } from '../../components/Section';
import { useLate } from '../../components/use-late';
import { m } from '../../messages';
import { engineWords as words } from '../../messages/engines';
import { AvailableSection } from './AvailableSection';
import { CurrentSection } from './CurrentSection';
import { InstalledSection } from './InstalledSection';
import { useAvailableEngines, useEngines } from './queries';
import { UpdatesSection } from './UpdatesSection';

export default function EnginesPage() {
  const { engines, isPending, isSuccess, error, refetch } = useEngines();
  const available = useAvailableEngines();
  const late = useLate(isPending);
  const current = engines.find(engine => engine.current) ?? null;
  return (
    <Page label={words.title}>
      {error && (
        <Note
          kind="bad"
          title={words.failed}
          action={
            <Button size="xs" variant="default" onClick={() => void refetch()}>
              {m.models.retry}
            </Button>
          }
        >
          {error.message}
        </Note>
      )}
      {late && (
        <Stack gap="md" role="status" aria-label={m.loading}>
          <Skeleton h={14} w={140} />
          <Skeleton h={120} />
          <Skeleton h={14} w={100} />
          <Skeleton h={150} />
        </Stack>
      )}
      {isSuccess && (
        <>
          <CurrentSection engine={current} available={available.data ?? null} />
          {engines.length > 0 && <InstalledSection engines={engines} />}
          <AvailableSection engines={engines} />
          <UpdatesSection />
        </>
      )}
    </Page>
  );
}
