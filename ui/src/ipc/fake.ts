// An in-memory back end behind the real bridge: for the browser tests and for `VITE_FAKE_IPC=1 npm run dev`. What it is
// and does at the start is chosen by the address: `?scenario=failed`. The production bundle does not contain it.

import { emit } from '@tauri-apps/api/event';
import { mockIPC, mockWindows } from '@tauri-apps/api/mocks';
import { events, type OpenHub } from './bindings';
import { FakeHost } from './fake/host';
import { scenarioOf } from './fake/scenarios';

declare global {
  interface Window {
    /** For tests: what was called, and a hand on the back end. */
    paddockFakeBackEnd?: {
      host: FakeHost;
      calls: string[];
      drop: (paths: string[]) => void;
      dragOver: (paths?: string[]) => void;
      openLink: (link: OpenHub) => void;
      openFiles: (paths: string[]) => void;
    };
  }
}

export function install(): void {
  const host = new FakeHost(scenarioOf(new URLSearchParams(window.location.search).get('scenario')));
  const calls: string[] = [];
  const openedFiles: string[] = [];
  mockWindows('main');
  mockIPC(
    async (command, payload) => {
      const name = command.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
      calls.push(name);
      if (name === 'openedFiles') return openedFiles.splice(0);
      return host.answer(name, (payload ?? {}) as Record<string, unknown>);
    },
    { shouldMockEvents: true },
  );
  window.paddockFakeBackEnd = {
    host,
    calls,
    openFiles: paths => {
      openedFiles.push(...paths);
      void events.openFiles.emit();
    },
    openLink: link => void events.openHub.emit(link),
    dragOver: (paths = ['/x.gguf']) => void emit('tauri://drag-enter', { paths, position: { x: 1, y: 1 } }),
    drop: paths => void emit('tauri://drag-drop', { paths, position: { x: 1, y: 1 } }),
  };
}
