import { describe, expect, it } from 'vitest';
import { ACTIVATIONS, type Activation, IDENTITY } from '../../src/ir/activations.js';
import { Tracer } from '../../src/ir/tracer.js';
import { abnApply } from '../../src/ops/abn_apply.js';
import { abnStats } from '../../src/ops/abn_stats.js';
import { activation } from '../../src/ops/activation.js';
import { add } from '../../src/ops/add.js';
import { avgPool } from '../../src/ops/avg_pool.js';
import { broadcastAdd } from '../../src/ops/broadcast_add.js';
import { concat } from '../../src/ops/concat.js';
import { type Conv2dOptions, conv2d } from '../../src/ops/conv2d.js';
import { crossEntropy } from '../../src/ops/cross_entropy.js';
import { dropout } from '../../src/ops/dropout.js';
import { globalAvgPool } from '../../src/ops/global_avg_pool.js';
import { linear } from '../../src/ops/linear.js';
import { lovaszSoftmax } from '../../src/ops/lovasz_softmax.js';
import { maxPool } from '../../src/ops/max_pool.js';
import { sliceChannels } from '../../src/ops/slice_channels.js';
import { softmax } from '../../src/ops/softmax.js';
import { gradients } from '../../src/passes/gradient.js';
import { evaluateGraph } from '../../src/reference/evaluate.js';
import { dot, draw, expectGradient, tensor } from './harness.js';

const slope = (name: Activation): number => (name === 'elu' ? 0.7 : 0.2);

describe('gradient rules match finite differences', () => {
  it.each(ACTIVATIONS)('activation and add with %s', (name) => {
    const attrs = { activation: name, slope: slope(name) };
    const [x, b] = [draw('x', [2, 3, 2, 5]), draw('b', [2, 3, 2, 5])];
    expectGradient({ x }, ['x'], (v) => activation(v.x, attrs));
    expectGradient({ x, b }, ['x', 'b'], (v) => add(v.x, v.b, attrs));
  });

  it.each(ACTIVATIONS)('broadcast_add with %s', (name) => {
    const attrs = { activation: name, slope: slope(name) };
    const operands = { a: draw('a', [2, 3, 4, 5]), b: draw('b', [2, 3, 1, 1]) };
    expectGradient(operands, ['a', 'b'], (v) => broadcastAdd(v.a, v.b, attrs));
    expectGradient(operands, ['a'], (v) => broadcastAdd(v.a, v.b, attrs));
  });

  it('softmax', () => {
    expectGradient({ x: draw('x', [2, 4, 3]) }, ['x'], (v) => softmax(v.x));
    expectGradient({ x: draw('x', [3, 5]) }, ['x'], (v) => softmax(v.x));
  });

  const layers = ACTIVATIONS.flatMap((name) =>
    (['abs', 'plain'] as const).flatMap((scale) =>
      (['batch', 'fixed'] as const).map((statistics) => ({ name, scale, statistics })),
    ),
  );

  it.each(layers)('abn_apply with $name, $scale, $statistics statistics', ({ name, scale, statistics }) => {
    const attrs = { activation: name, slope: slope(name), eps: 1e-3, scale, statistics };
    const operands = {
      x: draw('x', [3, 4, 2, 3], 0.5, 2),
      weight: tensor([4], [0.8, -1.2, 0.3, -0.5]),
      bias: draw('bias', [4]),
      mean: draw('mean', [4]),
      variance: tensor([4], [1, 2, 0.5, 3]),
    };
    expectGradient(operands, ['x', 'weight', 'bias'], (v) => {
      const used = statistics === 'batch' ? abnStats(v.x) : { mean: v.mean, variance: v.variance };
      return abnApply(v.x, used, { weight: v.weight, bias: v.bias }, attrs);
    });
    const { x, mean, variance } = operands;
    expectGradient({ x, mean, variance }, ['x'], (v) => {
      const used = statistics === 'batch' ? abnStats(v.x) : { mean: v.mean, variance: v.variance };
      return abnApply(v.x, used, null, attrs);
    });
  });

  const convolutions: [string, readonly number[], readonly number[], Conv2dOptions][] = [
    ['1×1', [2, 3, 4, 5], [2, 3, 1, 1], {}],
    ['3×3, padded, strided', [2, 3, 5, 6], [4, 3, 3, 3], { stride: 2, padding: 1 }],
    ['groups and dilation', [1, 4, 7, 5], [6, 2, 3, 2], { padding: [2, 1], dilation: [2, 1], groups: 2 }],
    ['depthwise, uneven strides', [2, 3, 5, 7], [3, 1, 2, 3], { stride: [1, 3], groups: 3 }],
  ];

  it.each(convolutions)('conv2d %s', (_, x, weight, options) => {
    const operands = {
      x: draw('x', x),
      weight: draw('weight', weight),
      bias: draw('bias', weight.slice(0, 1)),
    };
    expectGradient(operands, ['x', 'weight', 'bias'], (v) => conv2d(v.x, v.weight, v.bias, options));
    expectGradient(operands, ['weight'], (v) => conv2d(v.x, v.weight, null, options));
  });

  it('linear', () => {
    const operands = { x: draw('x', [3, 5]), weight: draw('weight', [4, 5]), bias: draw('bias', [4]) };
    expectGradient(operands, ['x', 'weight', 'bias'], (v) => linear(v.x, v.weight, v.bias));
    expectGradient(operands, ['x'], (v) => linear(v.x, v.weight, null));
  });

  it('pooling', () => {
    const x = draw('x', [2, 3, 7, 6]);
    expectGradient({ x }, ['x'], (v) => maxPool(v.x, 3, { stride: 2, padding: 1 }));
    expectGradient({ x }, ['x'], (v) => maxPool(v.x, [2, 3], { stride: [3, 2], ceil: true }));
    expectGradient({ x }, ['x'], (v) => avgPool(v.x, 3, { stride: 2, padding: 1 }));
    expectGradient({ x }, ['x'], (v) => avgPool(v.x, 3, { stride: 2, padding: 1, countIncludePad: false }));
    expectGradient({ x }, ['x'], (v) => globalAvgPool(v.x));
  });

  it('concat and slice_channels', () => {
    const operands = { a: draw('a', [2, 3, 2, 5]), b: draw('b', [2, 1, 2, 5]), c: draw('c', [2, 4, 2, 5]) };
    expectGradient(operands, ['a', 'b', 'c'], (v) => concat([v.a, v.b, v.c]));
    const { c: x } = operands;
    expectGradient({ x }, ['x'], (v) => sliceChannels(v.x, 0, 4));
    expectGradient({ x }, ['x'], (v) => sliceChannels(v.x, 1, 2));
  });

  it.each([false, true])('dropout, channelwise: %s', (channelwise) => {
    const operands = { x: draw('x', [2, 6, 3, 2]), seed: tensor([], [7], 'int32') };
    expectGradient(operands, ['x'], (v) => dropout(v.x, v.seed, { p: 0.4, stream: 3, channelwise }));
  });

  it('cross_entropy, with ignored rows and labels out of range', () => {
    const labels = tensor([2, 3], [1, -100, 3, 0, 9, 2], 'int32');
    const operands = { logits: draw('logits', [2, 4, 3], 0, 3), labels };
    expectGradient(operands, ['logits'], (v) => crossEntropy(v.logits, v.labels));
  });
});

it('lovasz_softmax', () => {
  const labels = tensor([2, 3], [1, -100, 3, 0, 9, 2], 'int32');
  const operands = { p: draw('p', [2, 4, 3], 0.5, 0.3), labels };
  for (const classes of ['present', 'all'] as const) {
    for (const perImage of [false, true]) {
      expectGradient(operands, ['p'], (v) => lovaszSoftmax(v.p, v.labels, { classes, perImage }));
    }
  }
});

describe('the gradient pass over the ops', () => {
  /** A small residual network that composes every gradient rule of a training step. */
  function network() {
    const tracer = new Tracer();
    const state = (name: string, shape: readonly number[]) =>
      tracer.state(name, shape, 'float32', 'parameter');
    const parameters = [
      state('conv1', [4, 3, 3, 3]),
      state('weight1', [4]),
      state('bias1', [4]),
      state('conv2', [4, 2, 3, 3]),
      state('weight2', [4]),
      state('bias2', [4]),
      state('fc', [3, 4]),
      state('fcBias', [3]),
    ] as const;
    const [conv1, weight1, bias1, conv2, weight2, bias2, fc, fcBias] = parameters;
    const images = tracer.input('images', [2, 3, 6, 5], 'float32');
    const layer = {
      activation: 'leaky_relu',
      slope: 0.1,
      eps: 1e-3,
      scale: 'abs',
      statistics: 'batch',
    } as const;
    const stem = conv2d(images, conv1, null, { padding: 1, stride: 2 });
    const a = abnApply(stem, abnStats(stem), { weight: weight1, bias: bias1 }, layer);
    const c = conv2d(a, conv2, null, { padding: 1, groups: 2 });
    const b = abnApply(c, abnStats(c), { weight: weight2, bias: bias2 }, { ...layer, ...IDENTITY });
    const block = add(a, b, { activation: 'elu', slope: 1 });
    const labels = tracer.input('labels', [2], 'int32');
    const loss = crossEntropy(linear(globalAvgPool(block), fc, fcBias), labels);
    return { tracer, parameters, loss };
  }

  it('computes the gradient of every parameter', () => {
    const { tracer, parameters, loss } = network();
    gradients(loss, parameters).forEach((diff, index) => {
      if (diff) tracer.output(`d${index}`, diff);
    });
    tracer.output('loss', loss);
    const graph = tracer.finish();
    const inputs = new Map([
      ['images', draw('images', [2, 3, 6, 5]).data],
      ['labels', Float64Array.of(2, 0)],
    ]);
    const states = new Map(
      graph.states.map(({ name, value }) => [name, draw(name, tracer.value(value).shape, 0.1).data]),
    );
    const { outputs } = evaluateGraph(graph, inputs, states);
    graph.states.forEach(({ name }, index) => {
      const at = states.get(name) ?? new Float64Array();
      const direction = draw(`direction:${name}`, [at.length]).data;
      const loss = (step: number): number => {
        const moved = at.map((value, i) => value + step * (direction[i] ?? 0));
        return (
          evaluateGraph(graph, inputs, new Map([...states, [name, moved]])).outputs.get('loss')?.[0] ??
          Number.NaN
        );
      };
      const difference = (loss(1e-5) - loss(-1e-5)) / 2e-5;
      const analytic = dot(outputs.get(`d${index}`) ?? [], direction);
      expect(Math.abs(analytic - difference), name).toBeLessThan(1e-6 * Math.max(0.1, Math.abs(difference)));
      expect(Math.abs(analytic), name).toBeGreaterThan(1e-4);
    });
  });
});
