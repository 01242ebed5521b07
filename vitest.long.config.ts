import { defineConfig } from 'vitest/config';
import base, { LONG_TESTS } from './vitest.config.js';

/** The long tests alone, on the terms of all others. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    projects: undefined,
    include: [LONG_TESTS],
    exclude: ['**/node_modules/**', '.cache/**'],
    testTimeout: 900_000,
  },
});
