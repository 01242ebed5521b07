// @ts-check
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { inRoot, root } from './paths.mjs';
import { runAttached, StepError, say } from './steps.mjs';
import { countTests } from './vitest-report.mjs';

/** @typedef {{ passed: number, failed: number }} Count */

const REPORT = inRoot('.cache', 'vitest-report.json');

/**
 * Runs vitest on this terminal and counts its tests.
 * @param {readonly string[]} args  further arguments, such as filters
 * @returns {Promise<Count>}
 */
export async function runVitest(args) {
  rmSync(REPORT, { force: true });
  const reporters = [
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${path.relative(root, REPORT)}`,
  ];
  const vitest = inRoot('node_modules', '.bin', 'vitest');
  const status = await runAttached(vitest, ['run', ...reporters, ...args]);
  const { passed, failed } = countTests(
    existsSync(REPORT) ? JSON.parse(readFileSync(REPORT, 'utf8')) : undefined,
  );
  // An error outside any test (an unhandled rejection, a lost worker) fails the run without failing a test.
  return { passed, failed: status !== 0 && failed === 0 ? 1 : failed };
}

/**
 * Runs one check; a StepError is printed and counts as a failure, so that a run shows everything that is wrong.
 * @param {() => Promise<unknown>} check
 * @returns {Promise<boolean>}
 */
export async function passes(check) {
  try {
    await check();
    return true;
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    say(error.message);
    return false;
  }
}

/**
 * Prints the closing line, which CI and people read.
 * @param {Count} count
 * @returns {number} the exit status
 */
export function closingLine({ passed, failed }) {
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}
