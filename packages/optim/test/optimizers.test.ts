/** Update ops on the native device, compared with float64 results of torch.optim. */
import { type Program, programOf, type Tracer, trace } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { readJson } from '../../core/test/support/fixtures.js';
import {
  adam,
  adamw,
  applyUpdates,
  clipByGlobalNorm,
  lamb,
  type Optimizer,
  optimizerStateName,
  type ParameterUpdate,
  rmsprop,
  sgd,
} from '../src/index.js';

interface Options {
  lr: number;
  momentum?: number;
  weight_decay?: number;
  nesterov?: boolean;
  betas?: [number, number];
  eps?: number;
  alpha?: number;
}

interface Run {
  type: 'SGD' | 'Adam' | 'AdamW' | 'RMSprop' | 'RMSpropTF' | 'Lamb';
  options: Options;
  start: number[];
  /** Gradient, and parameter and optimizer state after the step. */
  steps: Record<string, number[]>[];
}

interface Clip {
  maxNorm: number;
  norm: number;
  before: number[][];
  after: number[][];
}

const { clip: clips, ...runs } = readJson<Record<string, Run> & { clip: Clip[] }>(
  new URL('fixtures/optimizers.json', import.meta.url),
);

function optimizerOf({ type, options }: Run): Optimizer {
  const { lr: learningRate, momentum, nesterov, weight_decay: weightDecay, betas, eps, alpha } = options;
  switch (type) {
    case 'SGD':
      return sgd({ learningRate, momentum, weightDecay, nesterov });
    case 'Adam':
      return adam({ learningRate, betas, eps, weightDecay });
    case 'AdamW':
      return adamw({ learningRate, betas, eps, weightDecay });
    case 'Lamb':
      return lamb({ learningRate, betas, eps, weightDecay });
    default: {
      const tensorflow = type === 'RMSpropTF';
      return rmsprop({ learningRate, alpha, eps, momentum, weightDecay, tensorflow });
    }
  }
}

const stepOf = (tracer: Tracer) => tracer.input('step', [], 'float32');
const plain = sgd({ learningRate: 1 });

/** An update whose gradient is an input. */
function updateOf(tracer: Tracer, name: string, size: number): ParameterUpdate {
  return {
    name,
    parameter: tracer.state(name, [size], 'float32', 'parameter'),
    gradient: tracer.input(`${name}.grad`, [size], 'float32'),
    learningRate: tracer.input(`${name}.lr`, [], 'float32'),
  };
}

function expectClose(actual: ArrayLike<number | bigint>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs(Number(actual[i]) - value) / Math.max(1, Math.abs(value))).toBeLessThan(1e-6);
  });
}

describe('optimizers', () => {
  it.each(Object.entries(runs))('%s follows PyTorch', async (_name, run: Run) => {
    const graph = trace((tracer) => {
      applyUpdates(optimizerOf(run), [updateOf(tracer, 'w', run.start.length)], {
        clip: null,
        step: stepOf(tracer),
      });
      return {};
    });
    const step = programOf(graph, { states: { w: Float32Array.from(run.start) } });
    for (const [index, { gradient = [], parameter = [], ...state }] of run.steps.entries()) {
      const inputs = { 'w.grad': Float32Array.from(gradient), 'w.lr': Float32Array.of(run.options.lr) };
      await step.run({ ...inputs, step: Float32Array.of(index + 1) });
      expectClose(step.store.read('w').data, parameter);
      for (const [kind, expected] of Object.entries(state)) {
        expectClose(step.store.read(optimizerStateName('w', kind)).data, expected);
      }
    }
    const kinds = Object.keys(run.steps[0] ?? {}).slice(2);
    const states = step.store.specs.map(({ name }) => name);
    expect(states.sort()).toEqual(['w', ...kinds.map((kind) => optimizerStateName('w', kind))].sort());
  });

  it('use a learning rate per parameter', async () => {
    const graph = trace((tracer) => {
      applyUpdates(plain, [updateOf(tracer, 'a', 1), updateOf(tracer, 'b', 1)], {
        clip: null,
        step: stepOf(tracer),
      });
      return {};
    });
    const step = programOf(graph, { states: { a: new Float32Array(1), b: new Float32Array(1) } });
    const one = Float32Array.of(1);
    await step.run({
      'a.grad': one,
      'b.grad': one,
      'a.lr': Float32Array.of(0.5),
      'b.lr': Float32Array.of(0.25),
      step: one,
    });
    expect([step.store.read('a').data[0], step.store.read('b').data[0]]).toEqual([-0.5, -0.25]);
  });

  it('reject Nesterov without momentum', () => {
    expect(() => sgd({ learningRate: 0.1, nesterov: true })).toThrow(
      'sgd with nesterov: expected momentum to be a number above 0 but received 0',
    );
  });

  const learningRate = 0.1;
  it.each<[string, () => unknown]>([
    ['sgd: expected learningRate to be a non-negative number', () => sgd({ learningRate: -1 })],
    ['sgd: expected momentum to be a non-negative number', () => sgd({ learningRate, momentum: Number.NaN })],
    [
      'sgd: expected weightDecay to be a non-negative number',
      () => sgd({ learningRate, weightDecay: -1e-4 }),
    ],
    ['adam: expected eps to be a non-negative number', () => adam({ learningRate, eps: -1e-8 })],
    [
      'adamw: expected weightDecay to be a non-negative number',
      () => adamw({ learningRate, weightDecay: Number.NaN }),
    ],
    [
      'adamw: expected betas to be two numbers from 0 to below 1',
      () => adamw({ learningRate, betas: [0.9, 1] }),
    ],
    ['lamb: expected betas to be two numbers', () => lamb({ learningRate, betas: [Number.NaN, 0.999] })],
    ['rmsprop: expected alpha to be a number from 0 to below 1', () => rmsprop({ learningRate, alpha: 1 })],
    [
      'rmsprop: expected momentum to be a non-negative number',
      () => rmsprop({ learningRate, momentum: -0.9 }),
    ],
  ])('reject a hyperparameter out of range: %s', (message, make) => {
    const error = { code: 'ERR_OPTION_VALUE', message: expect.stringContaining(message) };
    expect(make).toThrow(expect.objectContaining(error));
  });
});

describe('clipping by the global norm', () => {
  function clipped(starts: readonly Float32Array[], maxNorm: number): Program<{ norm: 'float32' }> {
    const graph = trace((tracer) => {
      const updates = starts.map(({ length }, i) => updateOf(tracer, `w${i}`, length));
      const { norm, scale } = tracer.during('update', null, () =>
        clipByGlobalNorm(
          updates.map(({ gradient }) => gradient),
          maxNorm,
        ),
      );
      applyUpdates(plain, updates, { clip: scale, step: stepOf(tracer) });
      return { norm };
    });
    return programOf(graph, { states: Object.fromEntries(starts.map((start, i) => [`w${i}`, start])) });
  }

  const inputs = (gradients: readonly number[][]) =>
    Object.fromEntries([
      ['step', Float32Array.of(1)],
      ...gradients.flatMap((gradient, i): [string, Float32Array][] => [
        [`w${i}.grad`, Float32Array.from(gradient)],
        [`w${i}.lr`, Float32Array.of(-1)],
      ]),
    ]);

  it.each(clips)('to $maxNorm follows PyTorch', async ({ maxNorm, norm, before, after }) => {
    const step = clipped(
      before.map(({ length }) => new Float32Array(length)),
      maxNorm,
    );
    const { outputs } = await step.run(inputs(before));
    expectClose(outputs.norm, [norm]);
    // Starting at zero, with a rate of −1, a parameter becomes the applied gradient.
    for (const [i, expected] of after.entries()) expectClose(step.store.read(`w${i}`).data, expected);
  });

  it.each([0, -1, Number.NaN])('to %s is refused', (maxNorm) => {
    expect(() => clipped([Float32Array.of(1)], maxNorm)).toThrow(
      `clipByGlobalNorm: expected maxNorm to be a number above 0 but received ${maxNorm}`,
    );
  });

  it('to infinity gives the norm and changes nothing', async () => {
    const step = clipped([new Float32Array(2)], Number.POSITIVE_INFINITY);
    const { outputs } = await step.run(inputs([[3, 4]]));
    expectClose(outputs.norm, [5]);
    expectClose(step.store.read('w0').data, [3, 4]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('stops a step with %s before any update', async (value) => {
    const step = clipped([Float32Array.of(1, 2), Float32Array.of(3, 4)], 1);
    await expect(
      step.run(
        inputs([
          [0, 1],
          [2, value],
        ]),
      ),
    ).rejects.toThrow('the global norm of the gradients');
    expect([...step.store.read('w0').data, ...step.store.read('w1').data]).toEqual([1, 2, 3, 4]);
  });
});
