// What Paddock should know about this machine and its user. Each part says in one sentence what it does.
import { Button, Skeleton, Stack } from '@mantine/core';
import { useEffect } from 'react';
import { Note } from '../../components/Note';
import { Page } from '../../components/Section';
import { useLate } from '../../components/use-late';
import { m } from '../../messages';
import { useSettings } from '../../state/queries';
import { patchWindow, useWindow } from '../../state/window';
import { AboutSection } from './AboutSection';
import { AppearanceSection } from './AppearanceSection';
import { CommandLineSection } from './CommandLineSection';
import { DesktopSection } from './DesktopSection';
import { EngineSection } from './EngineSection';
import { FoldersSection } from './FoldersSection';
import { HubSection } from './HubSection';
import { KeysSection } from './KeysSection';

export default function SettingsPage() {
  const settings = useSettings();
  const late = useLate(settings.isPending);
  const target = useWindow(value => value.target);
  const there = settings.isSuccess;
  useEffect(() => {
    if (!there || !target) return;
    const section = document.getElementById(`settings-${target}`);
    section?.scrollIntoView({ block: 'start' });
    section?.querySelector<HTMLElement>('input, button')?.focus({ preventScroll: true });
    patchWindow({ target: null });
  }, [there, target]);

  return (
    <Page label={m.settings.title}>
      {settings.error && (
        <Note
          kind="bad"
          title={m.settings.failed}
          action={
            <Button size="xs" variant="default" onClick={() => void settings.refetch()}>
              {m.models.retry}
            </Button>
          }
        >
          {settings.error.message}
        </Note>
      )}
      {late && (
        <Stack gap="md" role="status" aria-label={m.loading}>
          <Skeleton h={14} w={120} />
          <Skeleton h={110} />
          <Skeleton h={14} w={160} />
          <Skeleton h={80} />
        </Stack>
      )}
      {settings.data && (
        <>
          <EngineSection />
          <FoldersSection settings={settings.data} />
          <HubSection hub={settings.data.hub} />
          <AppearanceSection theme={settings.data.theme} />
          <DesktopSection />
          <CommandLineSection />
          <KeysSection />
          <AboutSection />
        </>
      )}
    </Page>
  );
}
