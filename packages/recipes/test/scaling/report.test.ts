/** Steps that are compiled for many processes and simulated, not run. */
import type { Cluster } from '@inplace-abn/comm';
import { cpu, portableCpu } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import {
  asMeasured,
  atLimits,
  batchThatHolds,
  formatChoices,
  formatScaling,
  inTotal,
  measurePrograms,
  type PaperPrograms,
  paperSteps,
  planOnPaper,
  plansOf,
  proportions,
  scalingChoices,
  scalingReport,
} from '../../src/index.js';
import { configOf } from '../support/runs.js';

const BATCH = 4;
const GIGABIT = { bandwidth: 1.25e8, latency: 1e-4 };
const PAIR: Cluster = { nodes: 2, perNode: 1, between: GIGABIT, within: GIGABIT, topology: 'ring' };
const LIMITS = { bandwidth: 1e10, products: { float32: 1e11 } };

function reportOf(sections: Parameters<typeof configOf>[0], cluster: Cluster, device = portableCpu()) {
  const config = configOf(sections);
  const options = { cluster, batch: BATCH, device };
  const steps = paperSteps(config, options);
  return scalingReport(config, options, steps, atLimits(LIMITS, 'limits'));
}

describe('scalingReport', () => {
  it('equals the local step on one node', () => {
    const { timeline, local, efficiency, processes } = reportOf({}, { ...PAIR, nodes: 1 });
    expect([processes, efficiency]).toEqual([1, 1]);
    expect(timeline.seconds).toBeCloseTo(local, 12);
    expect(timeline.sums).toEqual([]);
  });

  it('sums every gradient of the compiled step once', () => {
    const { timeline, summedBytes } = reportOf({}, PAIR);
    const gradients = timeline.sums.filter(({ path }) => /bucket\d+$/.test(path));
    const { network } = planOnPaper(configOf(), BATCH, 2, portableCpu());
    const parameters = network.namedStates().filter(({ kind }) => kind === 'parameter');
    const bytes = parameters.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
    const sent = gradients.reduce((sum, each) => sum + each.bytes, 0);
    // Each tensor starts at a multiple of 64 bytes.
    expect(sent).toBeGreaterThanOrEqual(bytes);
    expect(sent).toBeLessThan(bytes + 64 * parameters.length);
    expect(summedBytes).toBeGreaterThan(sent);
    expect(timeline.exchanging).toBe(0);
    expect(timeline.waiting).toBeGreaterThan(0);
    for (const { ready, begin, end } of timeline.sums) {
      expect(begin).toBeGreaterThanOrEqual(ready);
      expect(end).toBeGreaterThan(begin);
    }
  });

  it('exchanges statistics of synchronized layers twice per layer', () => {
    const { timeline } = reportOf({ network: { bn_mode: 'sync' } }, PAIR);
    // ResNet-18 has 20 normalized layers.
    expect(timeline.exchanges).toBe(40);
    expect(timeline.exchanging).toBeGreaterThan(40 * GIGABIT.latency);
  });

  it('adds up the parts of an accumulated batch, which sums gradients once', () => {
    const whole = reportOf({}, PAIR);
    const parts = reportOf({ optimizer: { accumulate: 2 } }, PAIR);
    const buckets = ({ timeline }: typeof whole) =>
      timeline.sums.filter(({ path }) => /bucket\d+$/.test(path)).reduce((sum, { bytes }) => sum + bytes, 0);
    expect(buckets(parts)).toBe(buckets(whole));
    expect(parts.timeline.computing).toBeGreaterThan(whole.timeline.computing);
  });

  it('has buckets of the requested size, and simulates other sizes from it', () => {
    const of = (sections: Parameters<typeof configOf>[0]) => {
      const config = configOf(sections);
      const options = { cluster: PAIR, batch: BATCH, device: portableCpu() };
      const steps = paperSteps(config, options);
      const pricing = atLimits(LIMITS, 'limits');
      const report = scalingReport(config, options, steps, pricing);
      return { report, ...scalingChoices(report, steps, pricing) };
    };
    const bucket_size = 3 * 2 ** 16;
    const [usual, small] = [of({}), of({ optimizer: { bucket_size } })];
    const bucketsOf = ({ report }: typeof usual) =>
      report.timeline.sums.filter(({ path }) => /bucket\d+$/.test(path)).map(({ bytes }) => bytes);
    expect(bucketsOf(small).length).toBeGreaterThan(bucketsOf(usual).length);
    expect(usual.report.bucketBytes).toBe(2 ** 23);
    expect(small.report.bucketBytes).toBe(bucket_size);
    expect(usual.buckets.map(({ bytes }) => bytes)).not.toContain(bucket_size);
    const own = small.buckets.find(({ bytes }) => bytes === bucket_size);
    expect((own?.seconds ?? 0) / small.report.timeline.seconds).toBeCloseTo(1, 1);
    const [one, other] = [usual, small].map(({ buckets }) => buckets.find(({ bytes }) => bytes === 2 ** 23));
    expect((one?.seconds ?? 0) / (other?.seconds ?? 1)).toBeCloseTo(1, 1);
    expect(formatChoices(small.report, small, 0.9, null)).toMatch(/the configuration's have 192 KiB$/m);
  });

  it('computes all shards of a process, alone and among others', () => {
    const sections = {
      network: { bn_mode: 'sync' },
      optimizer: { batch_size: 16 },
      deterministic_world: 8,
    } as const;
    const cluster = { ...PAIR, nodes: 4 };
    const config = configOf(sections);
    const options = { cluster, batch: 2, device: portableCpu() };
    const steps = paperSteps(config, options);
    const convolutions = (each: PaperPrograms) =>
      plansOf(each).map(
        ({ instructions }) => instructions.filter(({ node }) => node.op.name === 'conv2d').length,
      );
    expect(convolutions(steps.alone)).toEqual(convolutions(steps.among));
    const pricing = atLimits(LIMITS, 'limits');
    const report = scalingReport(config, options, steps, pricing);
    expect(report.efficiency).toBeLessThan(1);
    const choices = scalingChoices(report, steps, pricing);
    expect(choices.buckets).toEqual([]);
    expect(formatChoices(report, choices, 0.9, null)).not.toContain('bucket');
    // Each of the process's two shards needs an image.
    const ideal = { ...report, efficiency: 1 };
    expect(batchThatHolds(0, config, options, pricing, ideal)).toBe(2);
  });

  it('uses a given step time', () => {
    const config = configOf();
    const options = { cluster: PAIR, batch: BATCH, device: portableCpu() };
    const steps = paperSteps(config, options);
    const pricing = inTotal(0.25, plansOf(steps.alone), proportions(6), 'given');
    const { local, timeline } = scalingReport(config, options, steps, pricing);
    expect(local).toBeCloseTo(0.25, 9);
    // Working among others adds packing and unpacking gradients.
    expect(timeline.computing).toBeGreaterThan(0.25);
    expect(timeline.computing).toBeLessThan(0.3);
  });

  it('is formatted in a few lines', () => {
    const text = formatScaling(reportOf({}, { ...PAIR, perNode: 4 }));
    expect(text).toContain('batch 4 on each of 8 processes: 32 images a step');
    expect(text).toContain('2 nodes of 4 processes; ring, 1 Gbit/s and 100 µs between nodes');
    expect(text).toMatch(/^efficiency \d+\.\d %, [\d.]+ images\/s$/m);
  });
});

describe('measurePrograms', () => {
  it.each(['inplace', 'sync'] as const)(
    'times a step for three processes within one, bn_mode %s',
    async (bn_mode) => {
      const config = configOf({ network: { bn_mode } });
      const options = { cluster: { ...PAIR, nodes: 3 }, batch: BATCH, device: cpu() };
      const steps = paperSteps(config, options);
      const measured = await measurePrograms(steps.among, config);
      const [plan] = plansOf(steps.among);
      const seconds = (plan && measured.get(plan)) ?? [];
      expect(seconds).toHaveLength(plan?.instructions.length ?? -1);
      expect(seconds.every((each) => each >= 0)).toBe(true);
      const { timeline, local } = scalingReport(
        config,
        options,
        steps,
        asMeasured(measured, proportions(6), 'measured'),
      );
      expect(timeline.computing).toBeCloseTo(
        seconds.reduce((a, b) => a + b, 0),
        9,
      );
      expect(local).toBeGreaterThan(0);
      expect(local).toBeLessThan(timeline.seconds);
    },
  );
});
