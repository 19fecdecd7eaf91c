// Pause or resume, and cancel, as icons: in the drawer and in the rows of Discover.
import { ActionIcon, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { IconClose, IconPause, IconResume } from '../../components/icons';
import type { JobView } from '../../ipc/bindings';
import { downloadWords as words } from '../../messages/downloads';
import { askToCancel, dismissJob, pauseJob, resumeJob } from './actions';

export function JobButtons({ job }: { job: JobView }) {
  switch (job.state) {
    case 'queued':
    case 'running':
    case 'waiting':
      return (
        <>
          <Action label={words.pauseName(job.label)} tip={words.pause} onClick={() => void pauseJob(job)}>
            <IconPause size={15} />
          </Action>
          <CancelButton job={job} />
        </>
      );
    case 'paused':
    case 'interrupted':
      return (
        <>
          <Action label={words.resumeName(job.label)} tip={words.resume} onClick={() => void resumeJob(job)}>
            <IconResume size={15} />
          </Action>
          <CancelButton job={job} />
        </>
      );
    case 'verifying':
    case 'failed':
      return <CancelButton job={job} />;
    case 'done':
    case 'cancelled':
      return (
        <Action label={words.dismissName(job.label)} tip={words.dismiss} onClick={() => void dismissJob(job)}>
          <IconClose size={15} />
        </Action>
      );
  }
}

function CancelButton({ job }: { job: JobView }) {
  return (
    <Action label={words.cancelName(job.label)} tip={words.cancel} onClick={() => askToCancel(job)}>
      <IconClose size={15} />
    </Action>
  );
}

type ActionProps = { label: string; tip: string; onClick: () => void; children: ReactNode };

function Action({ label, tip, onClick, children }: ActionProps) {
  return (
    <Tooltip label={tip}>
      <ActionIcon size="xs" aria-label={label} onClick={onClick}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
