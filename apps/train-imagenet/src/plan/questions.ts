/**
 * `plan --diff`, `--lock`, `--check` and `--freeze`: locks and compares plans, and reports the savings of
 * freezing.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { CommandLineError } from '@inplace-abn/cli';
import { diffPlans, type PlanLock, planLockIn, planLockText, UsageError } from '@inplace-abn/core';
import {
  formatFreezing,
  formatGrown,
  formatPlanDiff,
  freezingOf,
  lockOf,
  type TrainConfig,
} from '@inplace-abn/recipes';

/** A training step to plan. */
export interface Asked {
  readonly config: TrainConfig;
  readonly batch: number;
}

interface Printing {
  readonly json?: boolean;
}

/** Compares two configurations, or two files of `--lock`. */
export async function difference(
  paths: readonly string[],
  asked: (path: string) => Promise<Asked>,
  { json }: Printing,
): Promise<string> {
  const [before, after, ...others] = paths;
  if (before === undefined || after === undefined || others.length > 0) {
    throw new CommandLineError('--diff compares two configurations or locks: plan --diff BEFORE AFTER');
  }
  const diff = diffPlans(await lockAt(before, asked), await lockAt(after, asked));
  return json ? JSON.stringify(diff, null, 2) : formatPlanDiff(diff);
}

async function lockAt(path: string, asked: (path: string) => Promise<Asked>): Promise<PlanLock> {
  const text = await readFile(path, 'utf8').catch(() => '');
  if (text.includes('"format": "inplace-abn plan lock')) return planLockIn(text, path);
  const { config, batch } = await asked(path);
  return lockOf(config, batch);
}

/** Writes the lock of a plan, and returns a line about it. */
export async function lock(file: string, asked: () => Promise<Asked>): Promise<string> {
  const { config, batch } = await asked();
  const made = lockOf(config, batch);
  await writeFile(file, planLockText(made));
  return `${file}: ${made.title}, ${Object.keys(made.layers).length} layers`;
}

/** `grown`: whether memory or recompute grew. */
export async function check(
  file: string,
  asked: () => Promise<Asked>,
  { json }: Printing,
): Promise<{ readonly text: string; readonly grown: boolean }> {
  const locked = planLockIn(await readFile(file, 'utf8'), file);
  const { config, batch } = await asked();
  const made = lockOf(config, batch);
  if (locked.title !== made.title) {
    throw new UsageError(`${file} locks ${locked.title}, but this plan is for ${made.title}`, {
      code: 'ERR_PLAN_LOCK',
    });
  }
  const diff = diffPlans(locked, made);
  const grown = diff.grown.length > 0;
  if (json) return { text: JSON.stringify(diff, null, 2), grown };
  if (grown) return { text: `${file}: the plan grew\n${formatGrown(diff)}`, grown };
  const same = diff.layers.length === 0 && diff.totals.every(({ before, after }) => before === after);
  const text = same
    ? `${file}: unchanged`
    : `${formatPlanDiff(diff)}\n\n${file}: nothing grew; --lock updates the file`;
  return { text, grown };
}

export async function freezing(
  paths: string,
  asked: () => Promise<Asked>,
  { json }: Printing,
): Promise<string> {
  const { config, batch } = await asked();
  const found = freezingOf(config, paths, batch);
  return json ? JSON.stringify({ paths: found.paths, ...found.diff }, null, 2) : formatFreezing(found);
}
