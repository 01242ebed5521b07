import { programOf, type Shape, trace } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import {
  AvgPool2d,
  Conv2d,
  ConvTranspose2d,
  EVALUATION,
  GlobalAvgPool2d,
  GroupNorm,
  Linear,
  MaxPool2d,
  type Module,
  Sequential,
} from '../../src/index.js';

async function apply(
  module: Module,
  shape: Shape,
  x: readonly number[],
  states: Record<string, number[]> = {},
): Promise<number[]> {
  const graph = trace((tracer) => ({
    y: tracer.within('m', () => module.call(tracer.input('x', shape, 'float32'))),
  }));
  const written = Object.entries(states).map(([name, data]) => [`m.${name}`, Float32Array.from(data)]);
  const { outputs } = await programOf(graph, { states: Object.fromEntries(written) }).run({
    x: Float32Array.from(x),
  });
  return Array.from(outputs.y, Number);
}

describe('modules', () => {
  it('convolve with weights O×I×K×K and a bias', async () => {
    const conv = new Conv2d(1, 1, 2);
    const states = { weight: [1, 10, 100, 1000], bias: [0.5] };
    const x = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(await apply(conv, [1, 1, 3, 3], x, states)).toEqual([5421.5, 6532.5, 8754.5, 9865.5]);
  });

  it('compute x·wᵀ + b in a linear layer', async () => {
    const states = { weight: [1, 2, 3, 4, 5, 6], bias: [10, 20] };
    expect(await apply(new Linear(3, 2), [1, 3], [1, 1, 2], states)).toEqual([19, 41]);
  });

  it('convolve transposed, with weights I×O×K×K and a bias', async () => {
    const up = new ConvTranspose2d(1, 2, 2, { stride: 2 });
    const states = { weight: [1, 2, 3, 4, 10, 20, 30, 40], bias: [0.5, 0] };
    const y = [1.5, 10, 2.5, 20, 2.5, 20, 4.5, 40, 3.5, 30, 4.5, 40, 6.5, 60, 8.5, 80];
    expect(await apply(up, [1, 1, 1, 2], [1, 2], states)).toEqual(y);
    const grouped = new ConvTranspose2d(4, 6, 3, { groups: 2, bias: false });
    expect(grouped.namedStates().map(({ name, shape }) => [name, shape])).toEqual([['weight', [4, 3, 3, 3]]]);
    expect(() => new ConvTranspose2d(4, 6, 3, { groups: 4 })).toThrow('4 groups do not divide 4 input and 6');
  });

  it('normalize groups of channels', async () => {
    const [x, states] = [[1, 3, 10, 30, 5, 7, 50, 70], { weight: [1, 1, 1, 2], bias: [0, 0, 5, 0] }];
    const y = await apply(new GroupNorm(2, 4, { eps: 0 }), [1, 4, 2], x, states);
    const [a, b] = [1 / Math.sqrt(5), 1 / Math.sqrt(5)];
    const expected = [-3 * a, -a, 5 - 3 * b, -2 * b, a, 3 * a, 5 + b, 6 * b];
    for (const [i, value] of expected.entries()) expect(y[i]).toBeCloseTo(value, 5);
    expect(new GroupNorm(2, 4, { affine: false }).namedStates()).toEqual([]);
    expect(() => new GroupNorm(3, 4)).toThrow('GroupNorm: 3 groups do not divide 4 channels');
  });

  it('pool', async () => {
    const x = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
    expect(await apply(new MaxPool2d({ kernel: 2 }), [1, 1, 4, 4], x)).toEqual([6, 8, 14, 16]);
    expect(await apply(new AvgPool2d({ kernel: 2 }), [1, 1, 4, 4], x)).toEqual([3.5, 5.5, 11.5, 13.5]);
    expect(await apply(new GlobalAvgPool2d(), [1, 1, 4, 4], x)).toEqual([8.5]);
  });

  it('name their states after the properties that hold them', () => {
    const net = new Sequential({
      conv1: new Conv2d(3, 4, 3),
      head: new Sequential({ fc: new Linear(4, 2) }),
    });
    expect(net.namedStates().map(({ name, shape }) => [name, shape])).toEqual([
      ['conv1.weight', [4, 3, 3, 3]],
      ['conv1.bias', [4]],
      ['head.fc.weight', [2, 4]],
      ['head.fc.bias', [2]],
    ]);
  });

  it('omit the bias if they have none', () => {
    const states = [
      ...new Conv2d(3, 4, 3, { bias: false }).namedStates(),
      ...new Linear(3, 4, { bias: false }).namedStates(),
    ];
    expect(states.map(({ name }) => name)).toEqual(['weight', 'weight']);
  });

  it('reject groups that do not divide the channels', () => {
    expect(() => new Conv2d(6, 4, 3, { groups: 4 })).toThrow(
      '4 groups do not divide 6 input and 4 output channels',
    );
  });

  it('name the module in a shape error', () => {
    const net = new Sequential({ head: new Sequential({ fc: new Linear(4, 2) }) });
    const step = () => trace((tracer) => ({ y: net.call(tracer.input('x', [2, 5], 'float32'), EVALUATION) }));
    expect(step).toThrow(/^head\.fc: linear: /);
  });
});
