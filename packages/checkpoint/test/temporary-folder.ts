import { rm } from 'node:fs/promises';
import { afterAll } from 'vitest';
import { newFolder } from '../../../tools/vitest/new-folder.js';

/** For tests with thousands of reads on a busy machine. */
export const PATIENCE = { timeout: 60_000 };

/** A folder for the tests of one file, removed after them. */
export async function temporaryFolder(): Promise<string> {
  const folder = await newFolder('checkpoint-test');
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
