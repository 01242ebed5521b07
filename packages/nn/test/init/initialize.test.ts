import type { Activation, HostTensor, Shape } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import {
  ABN,
  activationGain,
  Conv2d,
  initializers,
  initialState,
  initialStates,
  Linear,
  type LinearInit,
  Sequential,
  type WeightInit,
} from '../../src/index.js';
import { randomStream } from '../../src/random.js';

const SHAPE = [48, 32, 3, 3];
const [FAN_IN, FAN_OUT] = [32 * 9, 48 * 9];
const GAIN = 1.3;
const SLOPE = 0.2;
const KAIMING = Math.sqrt(2 / (1 + SLOPE ** 2) / FAN_IN);
const XAVIER = GAIN * Math.sqrt(2 / (FAN_IN + FAN_OUT));

function weights(rule: WeightInit, shape: Shape = SHAPE): Float32Array {
  return initializers[rule](shape, randomStream(1, rule), GAIN, SLOPE);
}

/** The numbers of a tensor, which must exist. */
function floats(tensor: HostTensor | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new TypeError('expected a tensor of floats');
}

function moments(values: Float32Array) {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const central = (power: number) => values.reduce((sum, v) => sum + (v - mean) ** power, 0) / values.length;
  const variance = central(2);
  return { mean, std: Math.sqrt(variance), kurtosis: central(4) / variance ** 2 };
}

describe('initializers', () => {
  it.each<[WeightInit, number, number]>([
    ['xavier_normal', XAVIER, 3],
    ['xavier_uniform', XAVIER, 1.8],
    ['kaiming_normal', KAIMING, 3],
    ['kaiming_uniform', KAIMING, 1.8],
  ])('%s has the deviation and kurtosis of its formula', (rule, std, kurtosis) => {
    const values = weights(rule);
    const found = moments(values);
    // Five standard deviations of the mean, the deviation and the kurtosis for this many draws.
    const root = Math.sqrt(values.length);
    expect(Math.abs(found.mean)).toBeLessThan((5 * std) / root);
    expect(Math.abs(found.std / std - 1)).toBeLessThan(5 / Math.SQRT2 / root);
    expect(Math.abs(found.kurtosis - kurtosis)).toBeLessThan((5 * Math.sqrt(24)) / root);
  });

  it.each<[WeightInit, number]>([
    ['xavier_uniform', XAVIER],
    ['kaiming_uniform', KAIMING],
  ])('%s stays within √3 deviations', (rule, std) => {
    expect(Math.max(...weights(rule).map(Math.abs))).toBeLessThanOrEqual(Math.fround(Math.sqrt(3) * std));
  });

  it.each([
    { shape: [8, 5, 3, 3], rows: true },
    { shape: [40, 2, 3, 3], rows: false },
    { shape: [18, 2, 3, 3], rows: true },
    { shape: [98, 98, 1, 1], rows: true },
  ])('orthogonal: $shape has orthogonal vectors of length gain', ({ shape, rows }) => {
    const values = weights('orthogonal', shape);
    const [out = 1] = shape;
    const inner = values.length / out;
    const [count, length] = rows ? [out, inner] : [inner, out];
    const at = (vector: number, i: number) =>
      values[rows ? vector * inner + i : i * inner + vector] ?? Number.NaN;
    for (let a = 0; a < count; a++) {
      for (let b = 0; b <= a; b++) {
        let dot = 0;
        for (let i = 0; i < length; i++) dot += at(a, i) * at(b, i);
        expect(Math.abs(dot - (a === b ? GAIN ** 2 : 0))).toBeLessThan(1e-5);
      }
    }
  });

  it.each<[Activation, number, number]>([
    ['identity', 0.01, 1],
    ['relu', 0.01, Math.SQRT2],
    ['elu', 1, Math.SQRT2],
    ['leaky_relu', 0.01, Math.sqrt(2 / 1.0001)],
  ])('the gain of %s (%s) is %s', (activation, parameter, gain) => {
    expect(activationGain(activation, parameter)).toBeCloseTo(gain, 12);
  });
});

describe('initialState', () => {
  const network = () =>
    new Sequential({ conv: new Conv2d(16, 32, 3), bn: new ABN(32), fc: new Linear(32, 64) });

  it('fills every state by its role', () => {
    const state = initialState(network(), { seed: 1, gain: GAIN });
    expect([...state.keys()]).toEqual(
      network()
        .namedStates()
        .map(({ name }) => name),
    );
    const all = (name: string) => [...new Set<number | bigint>(state.get(name)?.data ?? [])];
    expect([all('conv.bias'), all('bn.bias'), all('bn.running_mean')]).toEqual([[0], [0], [0]]);
    expect([all('bn.weight'), all('bn.running_var')]).toEqual([[1], [1]]);
    expect(all('bn.num_batches_tracked')).toEqual([0n]);
    const conv = moments(floats(state.get('conv.weight')));
    expect(conv.std / (GAIN * Math.sqrt(2 / (9 * (16 + 32))))).toBeCloseTo(1, 1);
  });

  it('initializes linear layers like PyTorch: weights and biases uniform within ±1/√inputs', () => {
    const state = initialState(new Sequential({ fc: new Linear(25, 400) }), { seed: 1 });
    for (const name of ['fc.weight', 'fc.bias']) {
      const values = floats(state.get(name));
      expect(Math.max(...values.map(Math.abs)), name).toBeLessThanOrEqual(Math.fround(1 / 5));
      const { mean, std, kurtosis } = moments(values);
      expect(Math.abs(mean), name).toBeLessThan(0.03);
      expect(std / (1 / 5 / Math.sqrt(3)), name).toBeCloseTo(1, 1);
      expect(Math.abs(kurtosis - 1.8), name).toBeLessThan(0.2);
    }
  });

  it('initializes linear layers by a rule if there is one, with zero biases', () => {
    const linear = { weightInit: 'xavier_uniform', gain: 0.1 } as const;
    const state = initialState(network(), { seed: 1, gain: GAIN, linear });
    const weight = floats(state.get('fc.weight'));
    expect(Math.max(...weight.map(Math.abs))).toBeLessThanOrEqual(0.1 * Math.sqrt(6 / (32 + 64)));
    expect(moments(weight).std / (0.1 * Math.sqrt(2 / (32 + 64)))).toBeCloseTo(1, 1);
    expect(new Set<number | bigint>(state.get('fc.bias')?.data)).toEqual(new Set([0]));
  });

  it('is a function of only the seed and each name', () => {
    const [first, again, other] = [1, 1, 2].map((seed) => initialState(network(), { seed }));
    expect(again).toEqual(first);
    expect(other?.get('conv.weight')).not.toEqual(first?.get('conv.weight'));
    const alone = initialState(new Sequential({ fc: new Linear(32, 64) }), { seed: 1 });
    expect(alone.get('fc.weight')).toEqual(first?.get('fc.weight'));
  });
});

describe('initialStates', () => {
  const net = new Sequential({
    conv: new Conv2d(3, 8, 3),
    bn: new ABN(8, { activation: 'relu' }),
    fc: new Linear(8, 5),
  });

  it.each<[WeightInit, LinearInit | undefined]>([
    ['xavier_normal', undefined],
    ['xavier_uniform', { weightInit: 'orthogonal', gain: 0.1 }],
    ['kaiming_normal', undefined],
    ['kaiming_uniform', { weightInit: 'kaiming_normal', gain: 1 }],
    ['orthogonal', undefined],
  ])('draws the same values by %s when reusing a buffer', (weightInit, linear) => {
    const options = { seed: 3, weightInit, gain: GAIN, slope: SLOPE, linear };
    const expected = initialState(net, options);
    const buffers = new Set<ArrayBufferLike>();
    let count = 0;
    for (const [name, { data, ...type }] of initialStates(net, { ...options, reuse: true })) {
      expect({ ...type, data }).toEqual(expected.get(name));
      if (data instanceof Float32Array) buffers.add(data.buffer);
      count++;
    }
    expect(count).toBe(expected.size);
    expect(buffers.size).toBe(1);
    expect(new Set([...expected.values()].map(({ data }) => data.buffer)).size).toBe(count);
  });
});
