/**
 * Prices of a made-up machine: sums are exact, and unmeasured instructions follow the nearest measured ones.
 */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile/compile.js';
import { trace } from '../../src/ir/tracer.js';
import { cpu, portableCpu } from '../../src/native/cpu.js';
import { allGather } from '../../src/ops/functions.js';
import type { Plan } from '../../src/plan/plan.js';
import { predictTime } from '../../src/prices/predict.js';
import {
  joinedPrices,
  otherMachine,
  type PriceEntry,
  type PriceList,
  priceListIn,
  priceListOf,
  priceListText,
} from '../../src/prices/price-list.js';
import { Prices } from '../../src/prices/prices.js';
import { signatureOf } from '../../src/prices/signature.js';
import { residualStep } from '../support/nets.js';

const BALANCE = 6;
const MACHINE = { machine: '3 threads of a made-up CPU, oneDNN 0', version: '0.0.0', balance: BALANCE };
const OVERHEAD = 2e-6;

const planOf = (batch: number, size = 8) => compile(residualStep(batch, size).graph, portableCpu());

/** A machine on which every instruction takes a fixed time, and one for each byte and operation. */
function linearTimes(
  plan: Plan,
  bytesOf: (op: string, bytes: number) => number = (_, bytes) => bytes,
): number[] {
  return plan.instructions.map((step) => {
    const { op, operations, bytes } = signatureOf(plan, step);
    return OVERHEAD + 1e-10 * (bytesOf(op, bytes) + operations / BALANCE);
  });
}

/** The same prices with an instruction that does nothing, which reveals the overhead. */
function linearPrices(...plans: Plan[]): PriceList {
  const list = priceListOf(
    MACHINE,
    plans.map((plan) => [plan, linearTimes(plan)]),
  );
  const nothing = { op: 'nothing', key: 'nothing', dtype: 'float32', kernel: '', count: 1 } as const;
  const entry: PriceEntry = {
    ...nothing,
    operations: 0,
    bytes: 0,
    channels: [1, 1],
    seconds: OVERHEAD,
  };
  return { ...list, entries: [...list.entries, entry] };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const withOp = (list: PriceList, keep: (entry: PriceEntry) => boolean) => ({
  ...list,
  entries: list.entries.filter(keep),
});

describe('the prices of a step', () => {
  it('add up to its time for any times of its instructions', () => {
    const plan = planOf(2);
    const seconds = plan.instructions.map((_, i) => (1 + ((i * 7) % 13)) * 1e-4);
    const list = priceListOf(MACHINE, [[plan, seconds]]);
    const time = predictTime([plan], list);
    expect(time.seconds).toBeCloseTo(sum(seconds), 12);
    expect(time.sources).toEqual({ measured: time.seconds, interpolated: 0, estimated: 0 });
    const { forward, backward, update } = time.phases;
    expect(forward + backward + update).toBeCloseTo(time.seconds, 12);
    expect(Math.min(forward, backward, update)).toBeGreaterThan(0);
    const again = plan.instructions.map(({ node }, i) => (node.rebuilds ? (seconds[i] ?? 0) : 0));
    expect(time.rebuilding > 0).toBe(sum(again) > 0);
    expect(predictTime([plan, plan], list).seconds).toBeCloseTo(2 * time.seconds, 12);
  });

  it('hold one entry per signature, with the mean of its times', () => {
    const plan = planOf(2);
    const list = priceListOf(MACHINE, [
      [plan, plan.instructions.map(() => 1e-3)],
      [plan, plan.instructions.map(() => 3e-3)],
    ]);
    expect(sum(list.entries.map(({ count }) => count))).toBe(2 * plan.instructions.length);
    for (const { seconds } of list.entries) expect(seconds).toBeCloseTo(2e-3, 15);
    const keys = list.entries.map(({ key, kernel }) => `${key} ${kernel}`);
    expect(keys).toEqual([...new Set(keys)].sort());
  });

  it('are those of the running kernel, or else of the one used most', () => {
    const plan = planOf(2);
    const at = plan.instructions.findIndex(({ node }) => node.op.name === 'conv2d');
    const step = plan.instructions[at];
    if (!step) throw new Error('the step has convolutions');
    const entry = { ...signatureOf(plan, step), seconds: 1, count: 1 };
    const others = [
      { ...entry, kernel: 'rare', seconds: 2 },
      { ...entry, kernel: 'often', seconds: 3, count: 9 },
    ];
    const list = priceListOf(MACHINE, []);
    expect(new Prices({ ...list, entries: [...others, entry] }).of(plan, step).seconds).toBe(1);
    expect(new Prices({ ...list, entries: others }).of(plan, step).seconds).toBe(3);
  });
});

describe('the price of an unmeasured instruction', () => {
  it('is interpolated by work if time is proportional to it', () => {
    const [small, large] = [planOf(2), planOf(6)];
    const time = predictTime([large], linearPrices(small));
    expect(time.seconds).toBeCloseTo(sum(linearTimes(large)), 12);
    expect(time.sources.estimated).toBe(0);
    expect(time.sources.interpolated).toBeGreaterThan(0.5 * time.seconds);
    // The update does not depend on the batch.
    expect(time.sources.measured).toBeGreaterThanOrEqual(time.phases.update);
  });

  it('grows with the batch like those of other instructions of the op', () => {
    // Convolutions are slow for their bytes, so those with large weights grow little with the batch.
    const slow = (op: string, bytes: number) => (op.startsWith('conv2d') ? 20 * bytes : bytes);
    const [small, large] = [planOf(1), planOf(8)];
    const prices = new Prices(priceListOf(MACHINE, [[small, linearTimes(small, slow)]]));
    const isConvolution = (i: number) => large.instructions[i]?.node.op.name.startsWith('conv2d');
    const predicted = sum(prices.secondsOf(large).filter((_, i) => isConvolution(i)));
    const ratio = predicted / sum(linearTimes(large, slow).filter((_, i) => isConvolution(i)));
    expect(ratio).toBeGreaterThan(0.95);
    // In proportion to work, computed from the device's balance, the ratio would be 1.16.
    expect(ratio).toBeLessThan(1.1);
  });

  it('follows similar instructions rather than others of the op', () => {
    const [small, large] = [planOf(2), planOf(4)];
    // Convolutions of 3 channels take ten times as long as others.
    const slowed = (plan: Plan) =>
      linearTimes(plan).map((seconds, i) => {
        const step = plan.instructions[i];
        return step && signatureOf(plan, step).channels.includes(3) ? 10 * seconds : seconds;
      });
    const list = priceListOf(MACHINE, [[small, slowed(small)]]);
    const prices = new Prices(list);
    const truth = slowed(large);
    for (const [i, step] of large.instructions.entries()) {
      if (step.node.op.name !== 'conv2d') continue;
      const { seconds, source } = prices.of(large, step);
      expect(source).toBe('interpolated');
      expect(seconds / (truth[i] ?? 0)).toBeGreaterThan(0.5);
      expect(seconds / (truth[i] ?? 0)).toBeLessThan(2);
    }
  });

  it('follows its kernel on other shapes rather than another kernel on its own shape', () => {
    const [small, large] = [planOf(2), planOf(4)];
    const at = large.instructions.findIndex(
      ({ node }) => node.op.name === 'conv2d' && node.path.includes('conv2'),
    );
    const [before, step] = [small.instructions[at], large.instructions[at]];
    if (!before || !step) throw new Error('the step has an inner convolution');
    const list = linearPrices(small);
    const { key } = signatureOf(small, before);
    const slowed = list.entries.map((entry) =>
      entry.key === key ? { ...entry, kernel: 'slow', seconds: 10 * entry.seconds } : entry,
    );
    const { seconds } = new Prices({ ...list, entries: slowed }).of(large, step);
    expect(seconds / (linearTimes(large)[at] ?? 0)).toBeLessThan(1.5);
  });

  it('uses the mean time per byte if no instruction of its op was measured', () => {
    const plan = planOf(2);
    const list = withOp(linearPrices(plan), ({ op }) => op !== 'max_pool');
    const time = predictTime([plan], list);
    const at = plan.instructions.findIndex(({ node }) => node.op.name === 'max_pool');
    expect(time.sources.estimated).toBeCloseTo(linearTimes(plan)[at] ?? 0, 10);
    expect(time.seconds).toBeCloseTo(sum(linearTimes(plan)), 10);
  });

  it('is 0 for collectives, which wait for the other processes', () => {
    const graph = trace((tracer) => ({ all: allGather(tracer.input('x', [64], 'float32'), '', 2) }));
    const plan = compile(graph, portableCpu());
    const gathered = plan.instructions.filter(({ node }) => node.op.name === 'all_gather');
    expect(gathered).toHaveLength(1);
    const prices = new Prices(linearPrices(planOf(2)));
    for (const step of gathered) expect(prices.of(plan, step).seconds).toBe(0);
    const list = priceListOf(MACHINE, [[{ ...plan, instructions: gathered }, [1]]]);
    expect(list.entries).toEqual([]);
  });
});

describe('a price list', () => {
  const list = linearPrices(planOf(2));

  it('reads back what was written, one entry per line', () => {
    const text = priceListText(list);
    expect(priceListIn(text, 'file')).toEqual(list);
    expect(text.split('\n').filter((line) => line.startsWith('    {"op":'))).toHaveLength(
      list.entries.length,
    );
  });

  it.each([
    ['', 'it is not JSON'],
    ['null', 'it is not an object'],
    ['{"format": "inplace-abn price list 0"}', "its format is not 'inplace-abn price list 1'"],
    ['{"format": "inplace-abn price list 1"}', 'it names no machine'],
  ])('is distinguished from other files: %s', (text, problem) => {
    expect(() => priceListIn(text, 'some.json')).toThrow(
      expect.objectContaining({
        code: 'ERR_PRICE_LIST',
        message: `some.json is not a price list of this version: ${problem}; measure it again`,
      }),
    );
  });

  it.each([
    [{ seconds: -1 }, 'seconds is not a positive number'],
    [{ seconds: null }, 'seconds is not a positive number'],
    [{ count: 0 }, 'count is not a positive number'],
    [{ bytes: 'many' }, 'bytes is not a number from 0'],
    [{ kernel: 5 }, 'kernel is not a string'],
    [{ channels: [1] }, 'channels are not two positive numbers'],
  ])('is refused with %j in an entry', (wrong, problem) => {
    const [first, ...others] = list.entries;
    const text = JSON.stringify({ ...list, entries: [...others, { ...first, ...wrong }] });
    expect(() => priceListIn(text, 'some.json')).toThrow(`entries[${others.length}]: ${problem}`);
  });

  it('of another machine or version is reported', () => {
    expect(otherMachine(list, MACHINE)).toBeNull();
    expect(otherMachine(list, { ...MACHINE, machine: '2 threads' })).toBe(
      `prices are of ${MACHINE.machine}, and this machine is 2 threads`,
    );
    expect(otherMachine(list, { ...MACHINE, version: '1.0.0' })).toBe(
      'prices are of version 0.0.0, and this one is 1.0.0',
    );
  });

  it('merges only later lists of its machine', () => {
    const [first] = list.entries;
    if (!first) throw new Error('the list has entries');
    const later = { ...list, entries: [{ ...first, seconds: 1 }] };
    const joined = joinedPrices(list, later);
    expect(joined.entries).toHaveLength(list.entries.length);
    expect(joined.entries.find(({ key }) => key === first.key)?.seconds).toBe(1);
    expect(() => joinedPrices(list, { ...later, machine: 'other' })).toThrow(
      expect.objectContaining({ code: 'ERR_PRICE_LIST' }),
    );
  });
});

describe('the predicted seconds of a run', () => {
  it('are in the order of the plan, for the kernels of this machine', async () => {
    const plan = compile(residualStep().graph, cpu());
    const seconds = plan.instructions.map((_, i) => (i + 1) * 1e-6);
    const predicted = new Prices(priceListOf(MACHINE, [[plan, seconds]])).secondsOf(plan);
    expect(predicted).toHaveLength(seconds.length);
    expect(sum(predicted)).toBeCloseTo(sum(seconds), 12);
  });
});
