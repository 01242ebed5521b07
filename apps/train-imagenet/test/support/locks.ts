/**
 * Checks plans of the experiments against their locks. Made by
 * `plan experiments/NAME.json --batch 32 --lock test/fixtures/locks/NAME.lock`.
 */
import { readFile } from 'node:fs/promises';
import { diffPlans, planLockIn } from '@inplace-abn/core';
import { formatGrown, lockOf } from '@inplace-abn/recipes';
import { load } from './published.js';

/** Images per device in the published runs. */
const BATCH = 32;

/** Why the plan costs more memory or recompute than its lock; '' if it does not. */
export async function grownSinceLock(name: string): Promise<string> {
  const file = new URL(`../fixtures/locks/${name}.lock`, import.meta.url);
  const diff = diffPlans(planLockIn(await readFile(file, 'utf8'), name), lockOf(await load(name), BATCH));
  return diff.grown.length > 0 ? formatGrown(diff) : '';
}
