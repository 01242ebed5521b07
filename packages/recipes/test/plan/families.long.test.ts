import { cpu } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config/config.js';
import { planReport } from '../../src/plan/plan-report.js';

describe('activations in place, as a share of the same network with ordinary batch norm', () => {
  it.each([
    ['resnext101', 0.5],
    ['wider_resnet38', 0.45],
  ])('%s: at most %d', (arch, share) => {
    const network = { arch, activation: 'leaky_relu', bn_mode: 'inplace' };
    const config = resolveConfig({ network, optimizer: { clip: 0 } }, 'config.json');
    const { report } = planReport(config, 2, cpu());
    expect(report.bytes.activations / report.ordinary.activations).toBeLessThanOrEqual(share);
  });
});
