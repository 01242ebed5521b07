/** Converting weights between ordinary and in-place batch norm keeps the function, for scales of any sign. */
import type { TensorStream } from '@inplace-abn/checkpoint';
import { concat, relu, type Shape, type Value } from '@inplace-abn/core';
import { Conv2d, InPlaceABN, Linear, Module, type NormAct, Sequential } from '@inplace-abn/nn';
import { describe, expect, it } from 'vitest';
import {
  normInputsOf,
  ordinaryNorms,
  type StateTensors,
  transferNorms,
  UnknownOriginError,
} from '../src/index.js';
import { drawn, LEAKY, outputOf, predictionOf, relativeError } from './support/networks.js';

const SHAPE: Shape = [2, 3, 6, 6];

/**
 * Norms that read a convolution with a bias, a sum, a concatenation, and a convolution with another reader.
 */
class Mixed extends Module {
  readonly conv: Conv2d;
  readonly bn: Module;
  readonly joined: Module;
  readonly shared: Conv2d;
  readonly seen: Module;

  constructor(normAct: NormAct) {
    super();
    this.conv = new Conv2d(3, 4, 3, { padding: 1 });
    this.bn = normAct(4);
    this.joined = normAct(8);
    this.shared = new Conv2d(8, 5, 1);
    this.seen = normAct(5);
  }

  protected forward(x: Value): Value {
    const y = this.bn.call(this.conv.call(x));
    const z = this.shared.call(this.joined.call(concat([y, relu(y)])));
    return concat([this.seen.call(z), z]);
  }
}

function plain(normAct: NormAct): Sequential {
  return new Sequential({
    conv: new Conv2d(3, 4, 3, { padding: 1, groups: 1 }),
    bn: normAct(4),
    next: new Conv2d(4, 6, 3, { groups: 2, bias: false }),
    out: normAct(6, { activation: 'identity' }),
  });
}

const standard = plain(LEAKY.standard);
const inPlace = plain(LEAKY.inplace);
const transfer = (network: Module, tensors: StateTensors, trained?: 'standard' | 'inplace') =>
  transferNorms(network, tensors, {
    trained,
    graph: () => predictionOf(network, SHAPE),
    source: 'file',
  });

describe('the layer that a norm reads', () => {
  it('is a convolution that has no other reader', () => {
    const network = new Mixed(LEAKY.inplace);
    expect([...normInputsOf(network, predictionOf(network, SHAPE))]).toEqual([
      ['bn', { filter: { weight: 'conv.weight', bias: 'conv.bias' }, from: 'the output of conv2d (conv)' }],
      ['joined', { filter: null, from: 'the output of concat' }],
      ['seen', { filter: null, from: 'the output of conv2d (shared), which concat reads as well' }],
    ]);
  });

  it('is null if its weights have another use', () => {
    class Twice extends Module {
      readonly conv = new Conv2d(3, 3, 1, { bias: false });
      readonly bn = new InPlaceABN(3);

      protected forward(x: Value): Value {
        return this.bn.call(this.conv.call(this.conv.call(x)));
      }
    }
    const network = new Twice();
    expect(normInputsOf(network, predictionOf(network, SHAPE)).get('bn')).toEqual({
      filter: null,
      from: 'the output of conv2d (conv), whose weights are used elsewhere too',
    });
  });

  it('may be a linear layer', () => {
    const network = new Sequential({ fc: new Linear(3, 2), bn: new InPlaceABN(2) });
    expect(normInputsOf(network, predictionOf(network, [4, 3])).get('bn')?.filter).toEqual({
      weight: 'fc.weight',
      bias: 'fc.bias',
    });
  });
});

describe('ordinary to in place', () => {
  it('gives the same output for scales of both signs, and moves only signs', async () => {
    const trained = drawn(standard);
    const { tensors, turned, notes } = await transfer(inPlace, trained, 'standard');
    const expected = await outputOf(standard, SHAPE, trained);
    expect(relativeError(await outputOf(inPlace, SHAPE, tensors), expected)).toBeLessThan(1e-6);
    expect(notes).toEqual([
      expect.stringMatching(/2 layers take \|γ\| − ε .*negative signs of 2 move into the filters/),
    ]);
    for (const name of ['conv.weight', 'conv.bias', 'next.weight', 'bn.running_mean', 'out.running_mean']) {
      expect(magnitudes(tensors, name)).toEqual(magnitudes(trained, name));
    }
    expect([...turned.keys()]).toEqual([
      'bn.weight',
      'conv.weight',
      'conv.bias',
      'out.weight',
      'next.weight',
    ]);
    const signs = dataOf(trained, 'bn.weight').map(Math.sign);
    expect(signs).toContain(-1);
    expect(turned.get('conv.weight')).toEqual(signs);
  });

  it('shrinks the filter if a scale is below ε, and names the channels', async () => {
    const trained = drawn(standard);
    dataOf(trained, 'bn.weight').set([0, 3e-6, -3e-6, Math.fround(1e-5)]);
    const { tensors, notes } = await transfer(inPlace, trained, 'standard');
    const expected = await outputOf(standard, SHAPE, trained);
    expect(relativeError(await outputOf(inPlace, SHAPE, tensors), expected)).toBeLessThan(1e-6);
    expect(notes[1]).toMatch(
      /^file: 3 of its 10 scales are smaller than ε.*: bn channel 0: 0, 1: 0.000003, 2: -0.000003$/,
    );
    expect([...dataOf(tensors, 'bn.weight')]).toEqual([0, 0, 0, 0]);
  });

  it('reads a filter from a file piece by piece', async () => {
    const trained = drawn(standard);
    const whole = await transfer(inPlace, trained, 'standard');
    const data = dataOf(trained, 'conv.weight');
    const stream: TensorStream<'float32'> = {
      dtype: 'float32',
      shape: [4, 3, 3, 3],
      *pieces() {
        for (let at = 0; at < data.length; at += 10) {
          yield new Uint8Array(data.slice(at, at + 10).buffer);
        }
      },
    };
    const { tensors } = await transfer(inPlace, new Map([...trained, ['conv.weight', stream]]), 'standard');
    const pieces = [];
    const converted = tensors.get('conv.weight');
    if (!converted || 'data' in converted) throw new Error('expected a stream');
    for await (const piece of converted.pieces()) pieces.push(...new Float32Array(piece.slice().buffer));
    expect(pieces).toEqual([...dataOf(whole.tensors, 'conv.weight')]);
  });

  it('is refused if a norm reads anything but its own filter, naming the norm', async () => {
    const trained = drawn(new Mixed(LEAKY.standard), { signed: (name) => name !== 'seen.weight' });
    await expect(transfer(new Mixed(LEAKY.inplace), trained, 'standard')).rejects.toMatchObject({
      code: 'ERR_SCALE',
      message: expect.stringMatching(
        /^file was trained .*, and joined reads the output of concat.*: no filter can take .*, so \d scales of one layer cannot .*\(joined channel \d: -.*\); keep ordinary batch norm/,
      ),
    });
    const positive = drawn(new Mixed(LEAKY.standard), { signed: (name) => name === 'bn.weight' });
    const { tensors } = await transfer(new Mixed(LEAKY.inplace), positive, 'standard');
    const expected = await outputOf(new Mixed(LEAKY.standard), SHAPE, positive);
    expect(relativeError(await outputOf(new Mixed(LEAKY.inplace), SHAPE, tensors), expected)).toBeLessThan(
      1e-6,
    );
  });
});

describe('in place to ordinary', () => {
  it('gives the same output', async () => {
    const trained = drawn(inPlace);
    const expected = await outputOf(inPlace, SHAPE, trained);
    const { tensors, turned } = await transfer(standard, trained, 'inplace');
    expect(relativeError(await outputOf(standard, SHAPE, tensors), expected)).toBeLessThan(1e-6);
    expect([...turned.keys()]).toEqual(['bn.weight', 'out.weight']);
    expect(await ordinaryNorms(inPlace, trained)).toEqual(tensors);
  });
});

describe('weights of unknown origin', () => {
  it('are loaded unchanged unless a scale is negative', async () => {
    const positive = drawn(standard, { signed: () => false });
    expect((await transfer(inPlace, positive)).tensors).toEqual(positive);
    await expect(transfer(inPlace, drawn(standard))).rejects.toThrow(UnknownOriginError);
  });
});

function dataOf(tensors: StateTensors, name: string): Float32Array {
  const tensor = tensors.get(name);
  if (tensor && 'data' in tensor && tensor.data instanceof Float32Array) return tensor.data;
  throw new Error(`no ${name} on the host`);
}

function magnitudes(tensors: StateTensors, name: string): Float32Array {
  return dataOf(tensors, name).map(Math.abs);
}
