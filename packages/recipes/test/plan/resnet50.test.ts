/** The memory that the design promises, read from the plan: nothing runs. */
import { cpu, type Device, type Plan } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config/config.js';
import { planReport } from '../../src/plan/plan-report.js';

const BATCH = 16;
const MIB = 2 ** 20;

function planned(precision: 'float32' | 'bfloat16', device: Device = cpu()) {
  const network = { arch: 'resnet50', bn_mode: 'inplace', activation: 'leaky_relu', precision };
  const config = resolveConfig({ network }, 'config.json', { architectures: ['resnet50'] });
  return planReport(config, BATCH, device);
}

/** Live buffers never overlap, and the arena is at most 1 % larger than the live bytes at the peak. */
function expectTight({ buffers, arenaBytes, peak }: Plan): void {
  expect(arenaBytes / peak.bytes).toBeLessThanOrEqual(1.01);
  expect(arenaBytes).toBeGreaterThanOrEqual(peak.bytes);
  buffers.forEach((a, i) => {
    for (const b of buffers.slice(i + 1)) {
      const together = a.start <= b.end && b.start <= a.end;
      const touching = a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
      if (together && touching) expect.fail(`${JSON.stringify(a)} overlaps ${JSON.stringify(b)}`);
    }
  });
}

describe('ResNet-50, leaky_relu, in place, 16 images of 224', () => {
  it('needs at most 47 MiB per image for activations and their gradients, where ordinary BN needs 82.7', () => {
    const { report, plan } = planned('float32');
    expect(report.bytes.activations / BATCH / MIB).toBeLessThanOrEqual(47);
    expect(Math.abs(report.ordinary.activations / BATCH / MIB - 82.7)).toBeLessThanOrEqual(0.5);
    expectTight(plan);
  });

  it('needs at most 24 MiB per image in bfloat16', () => {
    const { report, plan } = planned('bfloat16');
    expect(report.bytes.activations / BATCH / MIB).toBeLessThanOrEqual(24);
    expectTight(plan);
  });

  it('has every in-place layer in place', () => {
    const { report } = planned('float32');
    const layers = report.layers.filter(({ op }) => op === 'abn_apply');
    expect(layers).toHaveLength(53);
    expect(layers.filter(({ inPlace }) => !inPlace)).toEqual([]);
  });
});

describe('ResNet-50, relu and ordinary batch norm with fixed statistics, 16 images of 224', () => {
  const fineTuning = (precision: 'float32' | 'bfloat16') => {
    const network = { arch: 'resnet50', precision };
    const config = resolveConfig({ network, optimizer: { frozen_statistics: true } }, 'config.json');
    return planReport(config, BATCH, cpu());
  };

  it.each([
    ['float32', 0.47],
    ['bfloat16', 0.24],
  ] as const)('fine-tunes in %s with at most %s of the ordinary float32 activations', (precision, share) => {
    const { report, plan } = fineTuning(precision);
    expect(report.bytes.activations / report.ordinary.activations).toBeLessThanOrEqual(share);
    expectTight(plan);
  });

  it('has every layer in place', () => {
    const layers = fineTuning('float32').report.layers.filter(({ op }) => op === 'abn_apply');
    expect(layers).toHaveLength(53);
    expect(layers.filter(({ inPlace }) => !inPlace)).toEqual([]);
  });
});
