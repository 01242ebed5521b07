// Test files that share a process leave its environment and folder as they found them: the next file starts
// there.
import { afterAll, expect } from 'vitest';

/** Without the variables that the addon and sharp set when they are loaded. */
const environment = () => ({ ...process.env, GOMP_SPINCOUNT: undefined, VIPSHOME: undefined });

const found = environment();
const folder = process.cwd();

afterAll(() => {
  expect(process.cwd(), 'folder after this file').toBe(folder);
  expect(environment(), 'environment after this file').toEqual(found);
});
