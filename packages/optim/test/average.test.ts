/**
 * Weight averages that a training step updates, compared with PyTorch's, timm's and torchvision's
 * (tools/oracle/make_ema.py).
 */
import { programOf, type StateSpec, trace } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { readJson } from '../../core/test/support/fixtures.js';
import {
  AVERAGED,
  type AverageOptions,
  applyUpdates,
  averageInputs,
  averageStates,
  checkAverage,
  optimizerStateName,
  sgd,
} from '../src/index.js';

const { weights, cases } = readJson<{
  weights: number[][];
  cases: (AverageOptions & { average: number[] })[];
}>(new URL('fixtures/ema.json', import.meta.url));

const W: StateSpec = { name: 'w', kind: 'parameter', shape: [4], dtype: 'float32' };

describe('an average over 50 steps', () => {
  it.each(cases)('matches PyTorch: decay $decay', async ({ average, ...options }) => {
    const optimizer = sgd({ learningRate: 1 });
    const graph = trace((tracer) => {
      const parameter = tracer.state('w', [4], 'float32', 'parameter');
      const [gradient, step] = [
        tracer.input('gradient', [4], 'float32'),
        tracer.input('step', [], 'float32'),
      ];
      const learningRate = tracer.input('lr', [], 'float32');
      applyUpdates(optimizer, [{ name: 'w', parameter, gradient, learningRate }], { clip: null, step });
      averageStates(tracer, [W]);
      return {};
    });
    const program = programOf(graph, { states: { w: new Float32Array(4) } });
    let before = [0, 0, 0, 0];
    for (const [index, now] of weights.entries()) {
      const gradient = Float32Array.from(now, (value, i) => (before[i] ?? Number.NaN) - value);
      before = now;
      const [lr, step] = [Float32Array.of(1), Float32Array.of(index + 1)];
      await program.run({ gradient, lr, step, ...averageInputs(options, index + 1) });
    }
    const { data } = program.store.read(optimizerStateName('w', AVERAGED));
    expect(data.length).toBe(average.length);
    for (const [i, value] of average.entries()) expect(Math.abs(Number(data[i]) - value)).toBeLessThan(2e-6);
  });
});

describe('the options of an average', () => {
  it.each<AverageOptions>([
    { decay: 0 },
    { decay: 0.9, every: 2, warmUp: true },
    { decay: 0.9, warmUp: {} },
    { decay: 0.9, warmUp: { gamma: 0.5, power: 2 } },
  ])('may be %j', (options) => {
    expect(() => checkAverage(options)).not.toThrow();
  });

  it.each<[AverageOptions, string]>([
    [{ decay: 1 }, 'average: expected decay to be a number from 0 to below 1 but received 1'],
    [{ decay: 0.9, every: 1.5 }, 'average: expected every to be a positive integer but received 1.5'],
    [
      { decay: 0.9, warmUp: { gamma: -5 } },
      'average: expected warmUp.gamma to be a number above 0 but received -5',
    ],
    [
      { decay: 0.9, warmUp: { gamma: Number.POSITIVE_INFINITY } },
      'average: expected warmUp.gamma to be a number above 0 but received Infinity',
    ],
    [
      { decay: 0.9, warmUp: { power: 0 } },
      'average: expected warmUp.power to be a number above 0 but received 0',
    ],
    [
      { decay: 0.9, warmUp: { power: Number.NaN } },
      'average: expected warmUp.power to be a number above 0 but received NaN',
    ],
  ])('may not be %j', (options, message) => {
    expect(() => checkAverage(options)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_VALUE', message }),
    );
  });
});
