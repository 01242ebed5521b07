import { cpu, priceListOf } from '@inplace-abn/core';
import {
  formatProfile,
  type MachineLimits,
  measureLimits,
  profileSection,
  StepProfile,
} from '@inplace-abn/train';
import { beforeAll, describe, expect, it } from 'vitest';
import { Engine, initialStateOf, pricedMachine } from '../../src/index.js';
import { sampleBatch } from '../support/batch.js';
import { configOf } from '../support/runs.js';

describe('the limits of a machine', () => {
  it('are measured in the dtypes that it has', async () => {
    const { bandwidth, products } = await measureLimits(cpu(), ['float32', 'float16']);
    expect(bandwidth).toBeGreaterThan(1e8);
    expect(products.float32).toBeGreaterThan(1e8);
    expect(products).not.toHaveProperty('float16');
  });
});

describe('a profile', () => {
  const LIMITS: MachineLimits = { bandwidth: 1e12, products: { float32: 1e13 } };
  let engine: Engine;
  let profile: StepProfile;
  beforeAll(async () => {
    const config = configOf();
    engine = new Engine({ device: cpu(), config, evaluationBatches: [] });
    engine.load(initialStateOf(engine.network, config.network, 1));
    profile = new StepProfile(engine, 'cpu', LIMITS);
  });

  async function train(steps: number): Promise<void> {
    for (let update = 1; update <= steps; update++) {
      await engine.train(sampleBatch(), { rates: { base: 0.01, classifier: 0.01 }, update, seed: update });
    }
  }

  it('skips the first steps, then lists every instruction by op and by layer', async () => {
    await train(2);
    expect(profile.report()).toBeNull();
    await train(3);
    const report = profile.report();
    if (!report) throw new Error('five steps were made');
    expect(report.steps).toBe(3);
    for (const rows of [report.ops, report.layers]) {
      expect(rows.reduce((sum, { calls }) => sum + calls, 0)).toBe(engine.plan.instructions.length);
      expect(rows.reduce((sum, { seconds }) => sum + seconds, 0)).toBeCloseTo(report.seconds, 9);
      const times = rows.map(({ seconds }) => seconds);
      expect(times).toEqual([...times].sort((a, b) => b - a));
    }
    const names = report.ops.map(({ name }) => name);
    expect(names).toContain('conv2d_backward_weights');
    expect(report.layers.map(({ name }) => name)).toContain('mod1.conv1');
  });

  it('computes the least time that the limits allow, op by op', () => {
    const conv = profile.report()?.ops.find(({ name }) => name === 'conv2d');
    if (!conv) throw new Error('the network has convolutions');
    const [bytes, flops] = [conv.bytes / LIMITS.bandwidth, conv.flops / (LIMITS.products.float32 ?? 1)];
    expect(conv.bound).toBeGreaterThanOrEqual(Math.max(bytes, flops) * (1 - 1e-12));
    expect(conv.bound).toBeLessThanOrEqual((bytes + flops) * (1 + 1e-12));
  });

  it('is a table in text and in the report', () => {
    const report = profile.report();
    if (!report) throw new Error('five steps were made');
    const text = formatProfile(report);
    expect(text).toMatch(
      /ms a step over 3 steps on cpu; its limits \(copy 1000\.0 GB\/s, product 10000 GFLOP\/s/,
    );
    expect(text).toMatch(/^abn_stats +\d+ +\d+\.\d\d +\d+ %/m);
    const html = profileSection(report);
    expect(html).toContain('<td>abn_stats</td>');
    expect(html.match(/<table>/g)).toHaveLength(2);
    expect(text + html).not.toContain('predicted');
  });

  it('shows what a price list predicts next to it', async () => {
    const { instructions } = engine.plan;
    const list = priceListOf(pricedMachine(cpu()), [[engine.plan, instructions.map(() => 0.25)]]);
    const priced = new StepProfile(engine, 'cpu', LIMITS, list);
    await train(3);
    const report = priced.report();
    if (!report) throw new Error('three steps were made');
    expect(report.predicted).toBe(0.25 * instructions.length);
    for (const { calls, predicted } of [...report.ops, ...report.layers])
      expect(predicted).toBe(0.25 * calls);
    const text = formatProfile(report);
    expect(text).toContain(`ms a step (${(250 * instructions.length).toFixed(1)} ms predicted) over 1 steps`);
    expect(text).toMatch(/^op +calls +ms +predicted +share/m);
    expect(text).toMatch(/^abn_stats +(\d+) +\d+\.\d\d +\d+\.\d\d +\d+ %/m);
    expect(profileSection(report)).toContain('<th class="n">predicted</th>');
  });
});
