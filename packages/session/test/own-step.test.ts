/** User-defined steps, and the number of plans that a session keeps. */
import { cpu, type Graph, mean, NotFiniteError, square, trace } from '@inplace-abn/core';
import { sgd, updateParameters } from '@inplace-abn/optim';
import { describe, expect, it, vi } from 'vitest';
import { batchOf, SIDE, session } from './support/stripes.js';

type Own = ReturnType<typeof session>;

/** A step that makes the scores smaller: its loss needs no target. */
function calming({ module }: Own, samples: number): Graph {
  return trace((tracer) => {
    const x = tracer.input('x', [samples, 1, SIDE, SIDE], 'float32');
    const rate = tracer.input('rate', [], 'float32');
    const step = tracer.input('step', [], 'float32');
    const loss = mean(square(module.call(x)));
    updateParameters(loss, {
      optimizer: sgd({ learningRate: 1, momentum: 0.9 }),
      step,
      clip: 1,
      rateOf: () => rate,
    });
    return { loss };
  });
}

const scalars = { rate: Float32Array.of(0.1), step: Float32Array.of(1) };

describe('a user-defined step', () => {
  it('updates the states that other steps read, in the shared arena', async () => {
    const own = session();
    const { x, y } = batchOf(6);
    for (let i = 0; i < 5; i++) await own.train(x, y);
    const size = async () => (await own.predict(x)).data.reduce((sum, score) => sum + score ** 2, 0) / 18;
    const before = await size();
    const calm = own.step('calm', () => calming(own, 6));
    const { loss } = (await calm.run({ x, ...scalars })).outputs;
    expect(loss?.[0]).toBeCloseTo(before, 4);
    expect(await size()).toBeLessThan(before);
    expect(calm.plan.summary()).toMatch(/^calm: /);
    expect(calm.plan.batch).toBe(1);
    const largest = Math.max(...[calm.plan, own.plan({ train: 6 })].map(({ raw }) => raw.arenaBytes));
    expect(own.bytes).toBe(largest + own.store.bytes);
    expect(own.store.bytes).toBe(own.stateBytes);
  });

  it('can be reserved before it runs, or is refused with a remedy', async () => {
    const own = session();
    const calm = own.step('calm', () => calming(own, 6));
    own.reserve([calm.plan, own.plan({ train: 50 })]);
    expect(own.bytes).toBe(own.plan({ train: 50 }).raw.arenaBytes + own.stateBytes);
    own.discard();
    expect(own.bytes).toBe(own.stateBytes);
    const device = Object.create(cpu(), { availableBytes: { value: () => 100 } });
    const small = session({ device });
    const plan = small.plan({ train: 2 });
    const fitting = { what: 'two stripes', advice: 'take one' };
    expect(() => small.reserve([plan], fitting)).toThrow(
      /^the plan for two stripes needs .* but only 100 B .*: take one$/,
    );
    expect(small.bytes).toBe(0);
  });

  it('names the first layer with a value that is not finite', async () => {
    const own = session();
    const calm = own.step('calm', () => calming(own, 6));
    const { x } = batchOf(6);
    own.store.write('fc.bias', new Float32Array(3).fill(Number.NaN));
    await expect(calm.run({ x, ...scalars })).rejects.toThrow(NotFiniteError);
    expect(await calm.firstNonFinite({ x, ...scalars })).toBe('fc (linear)');
  });
});

it('a session keeps the most recently used plans', () => {
  const own = session();
  const traced = vi.fn((samples: number) => calming(own, samples));
  const plan = (samples: number) => own.step(`calm ${samples}`, () => traced(samples)).plan;
  const first = plan(1);
  for (let samples = 2; samples <= 32; samples++) plan(samples);
  expect(plan(1)).toBe(first);
  expect(traced).toHaveBeenCalledTimes(32);
  // The 33rd plan evicts the second, because the first was used since.
  plan(33);
  expect(plan(1)).toBe(first);
  plan(2);
  expect(traced.mock.calls.slice(32)).toEqual([[33], [2]]);
  const held = own.step('calm 3', () => traced(3));
  const { plan: kept } = held;
  for (let samples = 40; samples < 73; samples++) plan(samples);
  expect(held.plan).toBe(kept);
  expect(plan(3)).not.toBe(kept);
});
