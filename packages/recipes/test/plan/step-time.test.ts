/** Price lists of configurations, measured here. No absolute time is asserted. */
import {
  cpu,
  type Plan,
  type PriceEntry,
  type PriceList,
  Prices,
  portableCpu,
  priceListIn,
  priceListText,
} from '@inplace-abn/core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  atPrices,
  formatPlan,
  formatStepTime,
  measurePrices,
  paperSteps,
  planOnPaper,
  planReport,
  plansOf,
  scalingReport,
  stepTime,
} from '../../src/index.js';
import { configOf } from '../support/runs.js';

const BATCH = 4;
const config = configOf();
let list: PriceList;
let plans: Plan[];
beforeAll(async () => {
  list = await measurePrices(config, BATCH, cpu());
  plans = plansOf(planOnPaper(config, BATCH, 1, cpu()));
});

const inAll = ({ entries }: PriceList) =>
  entries.reduce((sum, { seconds, count }) => sum + seconds * count, 0);

const workOf = ({ bytes, operations }: PriceEntry) => Math.max(bytes, operations / list.balance);

describe('measurePrices', () => {
  it('prices every instruction of the step', () => {
    const { seconds, sources } = stepTime(plans, list, cpu());
    expect(sources).toEqual({ measured: seconds, interpolated: 0, estimated: 0 });
    expect(seconds).toBeCloseTo(inAll(list), 9);
    expect(priceListIn(priceListText(list), 'file')).toEqual(list);
  });

  it('prices all parts of an accumulated batch', async () => {
    const divided = configOf({ optimizer: { accumulate: 2 } });
    const own = await measurePrices(divided, 8, cpu());
    const parts = plansOf(planOnPaper(divided, 8, 1, cpu()));
    expect(parts).toHaveLength(2);
    expect(stepTime(parts, own, cpu()).seconds).toBeCloseTo(inAll(own), 9);
  });
});

describe('the predicted time of a plan', () => {
  it('is in the report if prices are given', () => {
    const { report } = planReport(config, BATCH, cpu(), undefined, list);
    const { time } = report;
    expect(time?.machine).toBe(cpu().machine);
    expect(time?.note).toBeNull();
    expect(time?.sources).toEqual({ measured: time?.seconds, interpolated: 0, estimated: 0 });
    expect(formatPlan(report)).toMatch(
      /^a step: [\d.]+ (µs|ms|s) predicted, [\d.e+]+ images\/s: forward .*, backward .*, update .*\nprices: 100\.0 % of the time measured, on \d+ threads of /m,
    );
    const without = planReport(config, BATCH, cpu());
    expect(without.report).not.toHaveProperty('time');
    expect(formatPlan(without.report)).not.toContain('predicted');
  });

  it('is interpolated for another batch size', () => {
    // Made-up times instead of the measured ones: if the machine is briefly busy, one instruction may seem as
    // slow as many.
    const entries = list.entries.map((entry) => ({ ...entry, seconds: 1e-6 + 1e-10 * workOf(entry) }));
    const even = { ...list, entries };
    const larger = plansOf(planOnPaper(config, 2 * BATCH, 1, cpu()));
    const { seconds, sources } = stepTime(larger, even, cpu());
    expect(sources.interpolated).toBeGreaterThan(0.5 * seconds);
    expect(sources.estimated).toBe(0);
    expect(seconds).toBeGreaterThan(1.3 * inAll(even));
    expect(seconds).toBeLessThan(2 * inAll(even));
  });

  it('warns of prices from another machine, unless the plan is for no particular machine', () => {
    const other = { ...list, machine: '64 threads of another CPU' };
    const here = stepTime(plans, other, cpu());
    expect(here.note).toContain('prices are of 64 threads of another CPU, and this machine is');
    expect(formatStepTime(here, BATCH)).toMatch(/^! prices are of .*: measure them here$/m);
    expect(stepTime(plans, other, portableCpu()).note).toBeNull();
  });
});

describe('a simulated step at prices', () => {
  it('computes for the sum of the prices', () => {
    const link = { bandwidth: 1.25e8, latency: 1e-4 };
    const cluster = { nodes: 2, perNode: 1, between: link, within: link, topology: 'ring' } as const;
    const options = { cluster, batch: BATCH, device: portableCpu() };
    const steps = paperSteps(config, options);
    const { local, source, timeline } = scalingReport(config, options, steps, atPrices(list));
    const [alone] = plansOf(steps.alone);
    const prices = new Prices(list);
    const seconds = (alone ? prices.secondsOf(alone) : []).reduce((a, b) => a + b, 0);
    expect(local).toBeCloseTo(seconds, 12);
    expect(source).toBe(`prices of ${list.machine}`);
    expect(timeline.computing).toBeGreaterThanOrEqual(local);
  });
});
