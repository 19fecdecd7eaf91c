// Of the components' own sheets, only those in use: `build/mantine-styles.ts`.
import '@mantine/core/styles/baseline.css';
import '@mantine/core/styles/default-css-variables.css';
import '@mantine/core/styles/global.css';
import './global.css';
import { createRoot } from 'react-dom/client';
import { App } from './App';

async function start() {
  // Replaced by a constant when built: without the flag the fake is not in the bundle at all.
  if (import.meta.env.VITE_FAKE_IPC) (await import('./ipc/fake')).install();
  const root = document.getElementById('root');
  if (root) createRoot(root).render(<App />);
}

void start();
