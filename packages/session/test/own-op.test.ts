/** A user-defined op in a network that a Session trains. */
import { activation, defineOp, type Value } from '@inplace-abn/core';
import { Conv2d, GlobalAvgPool2d, Linear, Module } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { describe, expect, it } from 'vitest';
import { crossEntropy, Session } from '../src/index.js';
import { batchOf, CLASSES, SIDE } from './support/stripes.js';

const reluBackward = defineOp({
  name: 'js_relu_backward',
  inputs: { y: 'data', dy: 'data' },
  run({ y, dy }, dx) {
    for (let i = 0; i < dx.data.length; i++) dx.data[i] = (y.data[i] ?? 0) > 0 ? (dy.data[i] ?? 0) : 0;
  },
  gradient: null,
});

const relu = defineOp({
  name: 'js_relu',
  inputs: { x: 'data' },
  run({ x }, y) {
    for (let i = 0; i < y.data.length; i++) y.data[i] = Math.max(0, x.data[i] ?? 0);
  },
  gradient: (_, { y, dy }) => ({ x: reluBackward({ y, dy }) }),
});

class Network extends Module {
  readonly conv1 = new Conv2d(1, 8, 3, { padding: 1 });
  readonly conv2 = new Conv2d(8, 8, 3, { padding: 1, stride: 2 });
  readonly pool = new GlobalAvgPool2d();
  readonly fc = new Linear(8, CLASSES);

  constructor(private readonly relu: (x: Value) => Value) {
    super();
  }

  protected forward(x: Value): Value {
    const h = this.relu(this.conv2.call(this.relu(this.conv1.call(x))));
    return this.fc.call(this.pool.call(h));
  }
}

const session = (rectify: (x: Value) => Value, precision: 'float32' | 'bfloat16') =>
  new Session(new Network(rectify), {
    input: { shape: [1, SIDE, SIDE] },
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: 0.5, momentum: 0.9 }),
    precision,
  });

const own = (x: Value) => relu({ x });
const builtIn = (x: Value) => activation(x, { activation: 'relu', slope: 0 });

async function trained(of: Session): Promise<unknown> {
  const losses: number[] = [];
  for (let step = 0; step < 10; step++) {
    const { x, y } = batchOf([6, 9][step % 2] ?? 6, step);
    losses.push((await of.train(x, y)).loss);
  }
  const { x, y } = batchOf(3, 100);
  return { losses, state: of.state, scores: await of.predict(x), loss: (await of.evaluate(x, y)).loss };
}

describe('an op that JavaScript computes', () => {
  it.each(['float32', 'bfloat16'] as const)(
    'trains like the built-in one, bit for bit: %s',
    async (dtype) => {
      expect(await trained(session(own, dtype))).toEqual(await trained(session(builtIn, dtype)));
    },
  );
});
