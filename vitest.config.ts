import { devNull } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { sharingFiles } from './scripts/lib/sharing.mjs';

const root = fileURLToPath(new URL('.', import.meta.url)).replaceAll('\\', '/');

/** Tests that take longer than a commit should wait: `npm run test:all` runs them. */
export const LONG_TESTS = '**/*.long.test.ts';
/** Tests for an emulated CPU alone: `npm run test:arm64` runs them. */
const EMULATED_TESTS = 'packages/core/test/emulated/**';

const TESTS = [
  'packages/*/test/**/*.test.ts',
  'apps/*/test/**/*.test.ts',
  'bench/**/*.test.{ts,mjs}',
  'examples/**/*.test.ts',
  'scripts/**/*.test.{ts,mjs}',
  'tools/**/*.test.{ts,mjs}',
];
// vitest hands its own --exclude to no project.
const byHand = process.argv.flatMap((argument) => argument.match(/(?<=^--exclude=).+/) ?? []);
const EXCLUDED = [
  '**/node_modules/**',
  LONG_TESTS,
  ...(process.env.IABN_TEST_NODE ? [] : [EMULATED_TESTS]),
  ...byHand,
];
const sharing = sharingFiles();

export default defineConfig({
  resolve: {
    // Tests run on source: no build is needed before them.
    alias: [
      { find: /^@inplace-abn\/([a-z-]+)$/, replacement: `${root}packages/$1/src/index.ts` },
      { find: /^inplace-abn$/, replacement: `${root}packages/inplace-abn/src/index.ts` },
      { find: /^inplace-abn\/([a-z-]+)$/, replacement: `${root}packages/inplace-abn/src/$1.ts` },
    ],
  },
  test: {
    // By their names' order, those that start programs come first: they are the longest.
    projects: [
      { extends: true, test: { name: 'alone', include: TESTS, exclude: [...EXCLUDED, ...sharing] } },
      {
        extends: true,
        test: {
          name: 'sharing',
          include: sharing,
          exclude: EXCLUDED,
          isolate: false,
          setupFiles: ['tools/vitest/unchanged.ts'],
        },
      },
    ],
    setupFiles: ['tools/vitest/silent-console.ts', 'tools/vitest/seed.ts'],
    // The addon owns threads and its own state: processes, not worker threads, keep test files apart.
    pool: 'forks',
    // vitest would leave one core to itself, which is half of a machine with two.
    maxWorkers: '100%',
    // A limit ends a test that hangs; a busy machine takes many times longer than an idle one.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    execArgv: ['--import', new URL('tools/vitest/source-threads.mjs', import.meta.url).href],
    // Test files run in parallel: with compute threads of their own they would spin waiting for each other.
    // Their autotuning results are not worth keeping.
    env: {
      OMP_NUM_THREADS: process.env.IABN_TEST_THREADS ?? '1',
      IABN_CPU_KERNELS: devNull,
      IABN_PLAN_CACHE: '',
    },
    // An inline snapshot that is missing on CI is a failure, and `.only` is never left behind.
    allowOnly: false,
  },
});
