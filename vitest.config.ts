import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/lab/**'],
          // A stop for what hangs, no measure: on a busy machine a test of a second takes half a minute.
          testTimeout: 180_000,
          hookTimeout: 180_000,
          expect: { poll: { timeout: 60_000 } },
          // Explicit, since vitest runs group 0 last on a machine where it takes one worker.
          sequence: { groupOrder: 1 },
          maxWorkers: '100%',
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          globalSetup: ['test/support/leftovers.ts'],
          // Alone on the machine: live media is counted here, and a busy processor would lose packets of its own.
          sequence: { groupOrder: 2 },
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
          expect: { poll: { timeout: 60_000 } },
        },
      },
    ],
  },
});
