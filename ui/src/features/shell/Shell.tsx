// The frame that is always there: status bar, notices, navigation, one page.
import { useMantineColorScheme } from '@mantine/core';
import { lazy, Suspense, useEffect } from 'react';
import { m } from '../../messages';
import { firstRunWords } from '../../messages/first-run';
import { connectDownloads } from '../../state/downloads';
import { followEngineJob } from '../../state/engine-job';
import { connectLive, useSnapshot } from '../../state/live';
import { connectOpenedFiles } from '../../state/opened-files';
import { followLibrary, useSettings } from '../../state/queries';
import { connectTraffic } from '../../state/traffic';
import { useWindow } from '../../state/window';
import { useFirstRun } from '../first-run/first-run-state';
import { DropTarget } from '../models/DropTarget';
import { ModelsPage } from '../models/ModelsPage';
import { RemoveDialog } from '../models/RemoveDialog';
import { StatusBar } from '../status-bar/StatusBar';
import { LiveRegion } from './LiveRegion';
import { Navigation } from './Navigation';
import { Notices } from './Notices';
import classes from './Shell.module.css';
import { useShortcuts } from './use-shortcuts';

// What the first look does not need is read when somebody goes there.
const DiscoverPage = lazy(() => import('../discover/DiscoverPage'));
const ServerPage = lazy(() => import('../server/ServerPage'));
const EnginesPage = lazy(() => import('../engines/EnginesPage'));
const ChatPage = lazy(() => import('../chat/ChatPage'));
const SettingsPage = lazy(() => import('../settings/SettingsPage'));
const CommandPalette = lazy(() => import('../palette/CommandPalette'));
const FirstRun = lazy(() => import('../first-run/FirstRun'));
const ReportDialog = lazy(() => import('../report/ReportDialog'));
const DownloadsDrawer = lazy(() => import('../downloads/DownloadsDrawer'));

const pages = {
  models: ModelsPage,
  discover: DiscoverPage,
  server: ServerPage,
  engines: EnginesPage,
  chat: ChatPage,
  settings: SettingsPage,
};

export function Shell() {
  const tab = useWindow(value => value.tab);
  const revision = useSnapshot()?.revision;
  const first = useFirstRun(value => value.active);
  const paletteUsed = useWindow(value => value.paletteAsked > 0);
  const reporting = useWindow(value => value.reporting);
  const Page = pages[tab];
  const downloadsOpen = useWindow(value => value.downloadsOpen || value.cancelling !== null);
  useEffect(connectLive, []);
  useEffect(followLibrary, []);
  useEffect(followEngineJob, []);
  useEffect(connectDownloads, []);
  useEffect(connectOpenedFiles, []);
  useEffect(connectTraffic, []);
  useSavedTheme();
  useShortcuts();
  const connected = revision !== undefined || undefined;
  if (first) {
    return (
      <div className={classes.shell} data-connected={connected}>
        <Notices />
        <main className={classes.page} aria-label={firstRunWords.label} style={{ flex: 1 }}>
          <Suspense>
            <FirstRun />
          </Suspense>
          <DropTarget leavesImages={false} />
        </main>
        <LiveRegion />
      </div>
    );
  }
  return (
    <div className={classes.shell} data-connected={connected}>
      <StatusBar />
      <Notices />
      <div className={classes.body}>
        <Navigation />
        <main className={classes.page} aria-label={m.nav[tab]}>
          <Suspense>
            <Page />
          </Suspense>
          <DropTarget leavesImages={tab === 'chat'} />
        </main>
      </div>
      <RemoveDialog />
      <Suspense>{downloadsOpen && <DownloadsDrawer />}</Suspense>
      <Suspense>{paletteUsed && <CommandPalette />}</Suspense>
      <Suspense>{reporting && <ReportDialog />}</Suspense>
      <LiveRegion />
    </div>
  );
}

function useSavedTheme() {
  const { setColorScheme } = useMantineColorScheme();
  const theme = useSettings().data?.theme;
  useEffect(() => {
    if (theme) setColorScheme(theme === 'system' ? 'auto' : theme);
  }, [theme, setColorScheme]);
}
