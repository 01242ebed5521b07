import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('.', import.meta.url));

export default defineConfig({
  resolve: {
    // Tests run on source: no build is needed before them.
    alias: [{ find: /^@inplace-abn\/([a-z-]+)$/, replacement: `${root}packages/$1/src/index.ts` }],
  },
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'apps/*/test/**/*.test.ts',
      'bench/**/*.test.{ts,mjs}',
      'scripts/**/*.test.{ts,mjs}',
      'tools/**/*.test.{ts,mjs}',
    ],
    setupFiles: ['tools/vitest/silent-console.ts'],
    // The addon owns threads and its own state: processes, not worker threads, keep test files apart.
    pool: 'forks',
    // Threads that the sources start run on source, too; they bundle it first, which takes a while on a busy machine.
    testTimeout: 30_000,
    execArgv: ['--import', `${root}tools/vitest/source-threads.mjs`],
    // Test files run side by side: compute threads of their own would wait for each other, spinning. What they measure of
    // kernels is of no use to anybody.
    env: { OMP_NUM_THREADS: '1', IABN_CPU_KERNELS: '/dev/null', IABN_PLAN_CACHE: '' },
    // An inline snapshot that is missing on CI is a failure, and `.only` is never left behind.
    allowOnly: false,
  },
});
