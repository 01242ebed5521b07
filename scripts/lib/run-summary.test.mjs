import { expect, it } from 'vitest';
import { formatRunSummary } from './run-summary.mjs';

it('prints accuracy, folder and memory compared with ordinary batch norm', () => {
  const shared = { weights: 2e6, gradients: 2e6, optimizer: 2e6, workspace: 0 };
  const summary = {
    images: 10_000,
    top1: 91.234,
    bestTop1: 91.5,
    seconds: 239.7,
    memory: { ours: { ...shared, activations: 41e6 }, ordinary: { ...shared, activations: 100e6 } },
  };
  expect(formatRunSummary(summary, 'runs/demo')).toMatchInlineSnapshot(`
    "Accuracy    91.23 % top-1 on 10000 test images (best 91.50 %)
    Time        4 min 0 s
    Run folder  runs/demo (open report.html)

                                          in place   ordinary BN   ratio
    activations and their gradients       41.00 MB     100.00 MB    0.41
    workspace                              0.00 MB       0.00 MB       –
    weights                                2.00 MB       2.00 MB    1.00
    weights' gradients                     2.00 MB       2.00 MB    1.00
    optimizer state                        2.00 MB       2.00 MB    1.00
    in all                                47.00 MB     106.00 MB    0.44
    exactly 47,000,000 bytes, compared with 106,000,000"
  `);
});

it('has no accuracy where no epoch was completed', () => {
  const bytes = { weights: 1, gradients: 1, optimizer: 1, workspace: 1, activations: 1 };
  const memory = { ours: bytes, ordinary: bytes };
  const summary = { images: 10, top1: null, bestTop1: 0, seconds: 1, memory };
  expect(formatRunSummary(summary, 'runs/demo')).toMatch(
    /^Accuracy {4}not measured: no epoch was completed\n/,
  );
});
