// @ts-check
import { constants } from 'node:os';

/**
 * @typedef {{ status: string, fullName?: string, failureMessages?: string[] }} TestReport
 * @typedef {{ name: string, status: string, message?: string, assertionResults: TestReport[] }} FileReport
 */

/**
 * Reads vitest's JSON report. undefined (vitest ended without one) counts as one failure. So does a file that
 * failed without a failed test, because it did not load or a hook threw. Tests without a result were running
 * in a worker that died, which vitest does not report.
 * @param {{ testResults: FileReport[] } | undefined} report
 * @param {number} status  with which vitest ended
 * @returns {{ passed: number, failures: string[] }} the failures by file, test and the first line of the
 * error
 */
export function readReport(report, status) {
  if (!report) return { passed: 0, failures: [`vitest ended without a report, ${howEnded(status)}`] };
  let passed = 0;
  /** @type {string[]} */
  const failures = [];
  for (const file of report.testResults) {
    const failed = file.assertionResults.filter(({ status }) => status === 'failed');
    passed += file.assertionResults.filter(({ status }) => status === 'passed').length;
    for (const { fullName, failureMessages } of failed)
      failures.push(line(file.name, fullName, failureMessages?.[0]));
    if (failed.length === 0 && file.status === 'failed') failures.push(line(file.name, '', file.message));
    const unfinished = file.assertionResults.filter(({ status }) => status === 'pending');
    for (const { fullName } of unfinished)
      failures.push(line(file.name, fullName, 'not finished: its worker died'));
  }
  return { passed, failures };
}

/**
 * @param {string} file
 * @param {string} [test]
 * @param {string} [message]
 */
function line(file, test, message) {
  return [file, test, message?.trim().split('\n')[0]].filter(Boolean).join(' > ');
}

/**
 * @param {number} status  as a shell counts: 128 and its number for a signal
 * @returns {string} such as `with status 1` or `killed by SIGKILL`
 */
function howEnded(status) {
  const signal = Object.entries(constants.signals).find(([, number]) => number === status - 128);
  return signal ? `killed by ${signal[0]}` : `with status ${status}`;
}
