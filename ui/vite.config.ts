// Builds the page. `VITE_FAKE_IPC=1` puts the in-memory back end in; without it the bundle has no trace of it.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { mantineStyles } from './build/mantine-styles.ts';

export default defineConfig(({ command }) => ({
  plugins: [react(), mantineStyles()],
  clearScreen: false,
  define: { 'import.meta.env.VITE_FAKE_IPC': JSON.stringify(process.env.VITE_FAKE_IPC ?? '') },
  server: { host: '127.0.0.1', port: 5173, strictPort: true },
  build: {
    outDir: 'dist',
    target: 'es2022',
    // The page is read from the app itself: one file starts faster than many, and nothing may be inlined into HTML.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
    reportCompressedSize: command === 'build',
  },
}));
