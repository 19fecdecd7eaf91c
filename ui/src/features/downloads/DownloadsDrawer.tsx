// Every download there is, from the side; it covers the page only while somebody looks.
import { Button, Drawer, Group, Text } from '@mantine/core';
import { EmptyState } from '../../components/EmptyState';
import { IconDownload } from '../../components/icons';
import { Note } from '../../components/Note';
import type { JobView } from '../../ipc/bindings';
import { downloadWords as words } from '../../messages/downloads';
import { downloads, isFinished } from '../../state/downloads';
import { useStore } from '../../state/store';
import { openTab, patchWindow, useWindow } from '../../state/window';
import { dismissJob, resumeJob } from './actions';
import { CancelDialog, useCancelling } from './CancelDialog';
import classes from './Downloads.module.css';
import { JobCard } from './JobCard';

const close = () => patchWindow({ downloadsOpen: false });

export default function DownloadsDrawer() {
  const opened = useWindow(value => value.downloadsOpen);
  const asking = useCancelling() !== null;
  return (
    <>
      <Drawer
        opened={opened}
        onClose={close}
        position="right"
        size={420}
        title={words.title}
        // What is asked on top of it wants its answer first.
        closeOnEscape={!asking}
        trapFocus={!asking}
        transitionProps={{ duration: 0 }}
        overlayProps={{ backgroundOpacity: 0.2 }}
        closeButtonProps={{ 'aria-label': words.close, size: 'sm' }}
        attributes={{ header: { role: 'none' } }}
        classNames={{ content: classes.content, header: classes.header, body: classes.body }}
      >
        <Content />
      </Drawer>
      <CancelDialog />
    </>
  );
}

function Content() {
  const { jobs, failed } = useStore(downloads, value => value);
  const open = jobs.filter(job => !isFinished(job));
  const finished = jobs.filter(isFinished);
  const standing = open.filter(job => job.state === 'paused' || job.state === 'interrupted');
  if (failed) {
    return (
      <div style={{ padding: 14 }}>
        <Note kind="bad" title={words.failedList} />
      </div>
    );
  }
  if (jobs.length === 0) {
    return (
      <EmptyState
        icon={<IconDownload size={28} stroke={1.2} />}
        title={words.emptyTitle}
        action={
          <Button
            onClick={() => {
              close();
              openTab('discover');
            }}
          >
            {words.emptyAction}
          </Button>
        }
      >
        {words.emptyBody}
      </EmptyState>
    );
  }
  return (
    <>
      {standing.length > 1 && (
        <Group className={classes.tools} justify="flex-end">
          <Button size="xs" variant="default" onClick={() => standing.forEach(job => void resumeJob(job))}>
            {words.resumeAll}
          </Button>
        </Group>
      )}
      <List jobs={open} />
      {finished.length > 0 && (
        <>
          <div className={classes.tools} style={open.length > 0 ? TOP_LINE : undefined}>
            <Text fw={600} size="xs" c="dimmed">
              {words.finished}
            </Text>
            <Button
              size="xs"
              variant="subtle"
              color="gray"
              onClick={() => finished.forEach(job => void dismissJob(job))}
            >
              {words.clear}
            </Button>
          </div>
          <List jobs={finished} />
        </>
      )}
    </>
  );
}

const TOP_LINE = { borderTop: '1px solid var(--pd-line)' };

function List({ jobs }: { jobs: readonly JobView[] }) {
  if (jobs.length === 0) return null;
  return (
    <ul className={classes.list}>
      {jobs.map(job => (
        <JobCard key={job.id} job={job} />
      ))}
    </ul>
  );
}
