// Carries out what the error table offers.
import type { ErrorAction } from '../../errors/table';
import { askToRemove, loadModel, pickFiles } from '../../state/actions';
import { openModel, openServer, openSettings, openTab } from '../../state/window';

export async function runErrorAction(action: ErrorAction, key: string, field: string | null): Promise<void> {
  switch (action) {
    case 'changeParameters':
      return openModel(key, 'parameters', field);
    case 'chooseEngine':
      return openTab('engines');
    case 'changePort':
      return openServer('endpoint');
    case 'makeKey':
      return openServer('keys');
    case 'showRunning':
      return openTab('server');
    case 'openFolders':
      return openSettings('folders');
    case 'setToken':
    case 'hubSettings':
      return openSettings('hub');
    case 'addFiles':
      return pickFiles();
    case 'removeModel':
      return askToRemove(key);
    case 'showLog':
      return openModel(key, 'log');
    case 'tryAgain':
      return loadModel(key);
  }
}
