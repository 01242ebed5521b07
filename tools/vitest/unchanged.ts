// Test files that share a process leave its environment and folder as they found them: the next file starts
// there.
import { afterAll, expect } from 'vitest';

/** Without the variable that the addon sets when it is loaded. */
const environment = () => ({ ...process.env, GOMP_SPINCOUNT: undefined });

const found = environment();
const folder = process.cwd();

afterAll(() => {
  expect(process.cwd(), 'folder after this file').toBe(folder);
  expect(environment(), 'environment after this file').toEqual(found);
});
