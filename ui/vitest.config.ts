import { defineConfig } from 'vitest/config';

// One run, one summary: functions in node, and the page in a real browser (see test/browser/page.ts).
export default defineConfig({
  define: { 'import.meta.env.VITE_FAKE_IPC': '""' },
  test: {
    // Each has a browser: two are enough for two cores.
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'], environment: 'node' } },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          environment: 'node',
          globalSetup: ['test/browser/serve.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // A second is short where other work has the processor.
          expect: { poll: { timeout: 8000 } },
        },
      },
    ],
  },
});
