import { describe, expect, it } from 'vitest';
import { readReport } from './vitest-report.mjs';

const passed = { status: 'passed', fullName: 'adds', failureMessages: [] };
const failed = {
  status: 'failed',
  fullName: 'sums rows',
  failureMessages: ['Error: 3 is not 4\n    at a.ts:1'],
};
const file = (name, status, ...assertionResults) => ({ name, status, message: '', assertionResults });

describe('readReport', () => {
  it('adds up tests of all files and names those that failed', () => {
    const testResults = [file('a.ts', 'passed', passed, passed), file('b.ts', 'failed', failed, passed)];
    expect(readReport({ testResults }, 1)).toEqual({
      passed: 3,
      failures: ['b.ts > sums rows > Error: 3 is not 4'],
    });
  });

  it('counts a file that did not load as one failure', () => {
    const broken = { ...file('c.ts', 'failed'), message: 'Cannot find module x' };
    expect(readReport({ testResults: [broken, file('d.ts', 'failed', passed)] }, 1)).toEqual({
      passed: 1,
      failures: ['c.ts > Cannot find module x', 'd.ts'],
    });
  });

  it('names the tests that a lost worker left unfinished', () => {
    const unfinished = { status: 'pending', fullName: 'crashes', failureMessages: [] };
    expect(readReport({ testResults: [file('e.ts', 'passed', passed, unfinished)] }, 1)).toEqual({
      passed: 1,
      failures: ['e.ts > crashes > not finished: its worker died'],
    });
  });

  it.each([
    [137, 'killed by SIGKILL'],
    [134, 'killed by SIGABRT'],
    [3, 'with status 3'],
  ])('counts a missing report as one failure, and says how vitest ended: %i', (status, ended) => {
    const failures = [`vitest ended without a report, ${ended}`];
    expect(readReport(undefined, status)).toEqual({ passed: 0, failures });
  });
});
