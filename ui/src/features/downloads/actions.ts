// What can be done to a download. A failure is told in the bar below the status bar.

import type { JobView } from '../../ipc/bindings';
import { client } from '../../ipc/client';
import { downloadWords } from '../../messages/downloads';
import { attempt, loadModel } from '../../state/actions';
import { openModel, patchWindow } from '../../state/window';

const { doing } = downloadWords;

export const pauseJob = (job: JobView) => attempt(doing.pause(job.label), () => client.pauseDownload(job.id));

/** Also after a failure or a restart: it goes on where it was. */
export const resumeJob = (job: JobView) =>
  attempt(doing.resume(job.label), () => client.resumeDownload(job.id));

export const askToCancel = (job: JobView) => patchWindow({ cancelling: job.id });

export const cancelJob = (job: JobView) =>
  attempt(doing.cancel(job.label), () => client.cancelDownload(job.id));

export const dismissJob = (job: JobView) =>
  attempt(doing.dismiss(job.label), () => client.dismissDownload(job.id));

/** Shows a model that is here, and loads it. */
export function loadHere(key: string): void {
  openModel(key, 'parameters');
  patchWindow({ downloadsOpen: false });
  void loadModel(key);
}

export function showHere(key: string): void {
  openModel(key, 'parameters');
  patchWindow({ downloadsOpen: false });
}
