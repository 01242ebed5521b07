/** Random runs, interrupted and resumed: a few here, many in exact-resume.long.test.ts. */
import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import { drawnRuns, expectExactResume, foldersOfTasks, TASKS } from '../support/drawn-runs.js';

describe('a resumed run has the bits of an uninterrupted one', () => {
  let folders: Awaited<ReturnType<typeof foldersOfTasks>>;
  beforeAll(async () => {
    folders = await foldersOfTasks();
  });

  it.each(TASKS)('whatever its options: %s', async (task) => {
    await fc.assert(
      fc.asyncProperty(drawnRuns(task), (run) => expectExactResume(run, folders)),
      { numRuns: 2, endOnFailure: true },
    );
  });
});
