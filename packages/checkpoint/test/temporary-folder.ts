import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** For tests with thousands of reads on a busy machine. */
export const PATIENCE = { timeout: 60_000 };

/** A folder for the tests of one file, removed after them. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'checkpoint-test-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
