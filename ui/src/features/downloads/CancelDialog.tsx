// Asks before what was fetched is thrown away, and names it.
import { Confirm } from '../../components/Confirm';
import { bytes } from '../../format';
import type { JobView } from '../../ipc/bindings';
import { downloadWords as words } from '../../messages/downloads';
import { isFinished, useJobs } from '../../state/downloads';
import { patchWindow, useWindow } from '../../state/window';
import { cancelJob } from './actions';

/** The download that is asked about; it may be done while somebody thinks. */
export function useCancelling(): JobView | null {
  const id = useWindow(value => value.cancelling);
  return useJobs().find(job => job.id === id && !isFinished(job)) ?? null;
}

export function CancelDialog() {
  const job = useCancelling();
  if (!job) return null;
  return (
    <Confirm
      title={words.cancelTitle(job.label)}
      confirm={words.cancelConfirm}
      keep={words.keep}
      onConfirm={() => cancelJob(job)}
      onClose={() => patchWindow({ cancelling: null })}
    >
      {job.downloadedBytes > 0 ? words.cancelBody(bytes(job.downloadedBytes)) : words.cancelBodyNone}
    </Confirm>
  );
}
