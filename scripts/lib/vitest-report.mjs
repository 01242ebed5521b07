// @ts-check

/**
 * Counts from vitest's JSON report; undefined (vitest ended without one) counts as one failure, and so does a
 * file that failed without a failed test: it did not load, or a hook threw.
 * @param {{ testResults: { status: string, assertionResults: { status: string }[] }[] } | undefined} report
 * @returns {{ passed: number, failed: number }}
 */
export function countTests(report) {
  if (!report) return { passed: 0, failed: 1 };
  let passed = 0;
  let failed = 0;
  for (const file of report.testResults) {
    const failedHere = file.assertionResults.filter(({ status }) => status === 'failed').length;
    passed += file.assertionResults.filter(({ status }) => status === 'passed').length;
    failed += failedHere === 0 && file.status === 'failed' ? 1 : failedHere;
  }
  return { passed, failed };
}
