import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/lab/**'],
          testTimeout: 30_000,
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
        },
      },
    ],
  },
});
