// Test files that share a process must leave its environment and folder unchanged for the next file.
import { afterAll, expect } from 'vitest';

/** Without the variables that the addon and sharp set when they are loaded. */
const environment = () => ({ ...process.env, GOMP_SPINCOUNT: undefined, VIPSHOME: undefined });

const found = environment();
const folder = process.cwd();

afterAll(() => {
  expect(process.cwd(), 'folder after this file').toBe(folder);
  expect(environment(), 'environment after this file').toEqual(found);
});
