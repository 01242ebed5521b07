import { describe, expect, it } from 'vitest';
import { countTests } from './vitest-report.mjs';

const file = (status, ...tests) => ({ status, assertionResults: tests.map((test) => ({ status: test })) });

describe('countTests', () => {
  it('adds up tests of all files', () => {
    const testResults = [file('passed', 'passed', 'passed'), file('failed', 'failed', 'passed', 'failed')];
    expect(countTests({ testResults })).toEqual({ passed: 3, failed: 2 });
  });

  it('counts a file that did not load as one failure', () => {
    expect(countTests({ testResults: [file('failed'), file('failed', 'passed')] })).toEqual({
      passed: 1,
      failed: 2,
    });
  });

  it('counts a missing report as one failure', () => {
    expect(countTests(undefined)).toEqual({ passed: 0, failed: 1 });
  });
});
