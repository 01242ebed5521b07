import { programOf, trace } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { Dropout, Dropout2d, EVALUATION, type Module, Sequential } from '../../src/index.js';

const [BATCH, CHANNELS, SIDE] = [8, 32, 16];
const SHAPE = [BATCH, CHANNELS, SIDE, SIDE];
const SIZE = BATCH * CHANNELS * SIDE * SIDE;

/** The output of `module` for ones in training, by seed. */
async function onOnes(module: Module, seeds: readonly number[]): Promise<number[][]> {
  const graph = trace((tracer) => {
    const [x, seed] = [tracer.input('x', SHAPE, 'float32'), tracer.input('seed', [], 'int32')];
    return { y: x.tracer.within('drop', () => module.call(x, { training: true, seed })) };
  });
  const step = programOf(graph);
  const results: number[][] = [];
  for (const seed of seeds) {
    const { outputs } = await step.run({ x: new Float32Array(SIZE).fill(1), seed: Int32Array.of(seed) });
    results.push(Array.from(outputs.y, Number));
  }
  return results;
}

const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

describe('Dropout', () => {
  it('zeroes a fraction p of the elements and scales the rest to keep the mean', async () => {
    const p = 0.3;
    const [y = []] = await onOnes(new Dropout(p), [7]);
    const kept = Math.fround(1 / (1 - p));
    expect(y.every((value) => value === 0 || Math.abs(value - kept) < 1e-6)).toBe(true);
    // Six standard deviations of a binomial fraction for this many draws.
    const deviation = Math.sqrt((p * (1 - p)) / SIZE);
    expect(Math.abs(mean(y.map((value) => Number(value === 0))) - p)).toBeLessThan(6 * deviation);
    expect(Math.abs(mean(y) - 1)).toBeLessThan((6 * deviation) / (1 - p));
  });

  it('draws a function of the seed', async () => {
    const [first, again, other] = await onOnes(new Dropout(0.5), [1, 1, 2]);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it('draws differently in each layer of a network', async () => {
    const [once = []] = await onOnes(new Dropout(0.5), [1]);
    const [twice = []] = await onOnes(new Sequential({ a: new Dropout(0.5), b: new Dropout(0.5) }), [1]);
    expect(mean(once.map((value) => Number(value === 0)))).toBeCloseTo(0.5, 1);
    expect(mean(twice.map((value) => Number(value === 0)))).toBeCloseTo(0.75, 1);
  });

  it('is the identity in evaluation and for p = 0', () => {
    trace((tracer) => {
      const x = tracer.input('x', SHAPE, 'float32');
      expect(new Dropout(0.5).call(x, EVALUATION)).toBe(x);
      expect(new Dropout(0).call(x, { training: true })).toBe(x);
      return {};
    });
  });

  it('names the layer if the mode has no seed', () => {
    const classifier = new Sequential({ drop: new Dropout(0.5) });
    const step = () =>
      trace((tracer) => ({
        y: tracer.within('classifier', () =>
          classifier.call(tracer.input('x', SHAPE, 'float32'), { training: true }),
        ),
      }));
    expect(step).toThrow('classifier.drop: training with dropout needs a seed input in the mode');
  });

  it.each([-0.1, 1, Number.NaN])('rejects the probability %s', (p) => {
    expect(() => new Dropout(p)).toThrow(`expected a probability in [0, 1) for Dropout but received ${p}`);
  });
});

describe('Dropout2d', () => {
  it('zeroes whole channels of a sample', async () => {
    const p = 0.4;
    const [y = []] = await onOnes(new Dropout2d(p), [3]);
    const channels = Array.from({ length: BATCH * CHANNELS }, (_, index) => {
      const [n, c] = [Math.floor(index / CHANNELS), index % CHANNELS];
      // Stored channels-last.
      return y
        .slice(n * SIDE * SIDE * CHANNELS, (n + 1) * SIDE * SIDE * CHANNELS)
        .filter((_v, i) => i % CHANNELS === c);
    });
    expect(channels.every((values) => new Set(values).size === 1)).toBe(true);
    const zeroed = mean(channels.map((values) => Number(values[0] === 0)));
    expect(Math.abs(zeroed - p)).toBeLessThan(6 * Math.sqrt((p * (1 - p)) / channels.length));
  });
});
