// An activation of your own in JavaScript, with its gradient: slow, but right.  npm run example -- custom-op [STEPS]
import { defineOp, type Value } from '@inplace-abn/core';
import { Linear, Module, Sequential } from '@inplace-abn/nn';
import { adam } from '@inplace-abn/optim';
import { mse, Session } from '@inplace-abn/session';

/** d/dx of x²/(1 + x) for x > 0: x·(x + 2)/(1 + x)². */
const softSquareBackward = defineOp({
  name: 'soft_square_backward',
  inputs: { x: 'data', dy: 'data' },
  run({ x, dy }, dx) {
    dx.data.set(x.data.map((v, i) => (v > 0 ? ((dy.data[i] ?? 0) * v * (v + 2)) / (1 + v) ** 2 : 0)));
  },
  gradient: null,
});
/** x²/(1 + x) for x > 0, and 0 below: a ReLU with a smooth start. */
const softSquare = defineOp({
  name: 'soft_square',
  inputs: { x: 'data' },
  run: ({ x }, y) => y.data.set(x.data.map((v) => (v > 0 ? (v * v) / (1 + v) : 0))),
  gradient: ({ x }, { dy }) => ({ x: softSquareBackward({ x, dy }) }),
});
class SoftSquare extends Module {
  protected forward = (x: Value): Value => softSquare({ x });
}

const net = new Sequential({ fc1: new Linear(1, 16), act: new SoftSquare(), fc2: new Linear(16, 1) });
const options = { input: { shape: [1] }, loss: mse(), optimizer: adam({ learningRate: 0.02 }) };
const session = new Session(net, options);
const x = Float32Array.from({ length: 64 }, (_, i) => i / 16 - 2);
const y = x.map((v) => v * v);
for (let step = 1; step <= Number(process.argv[2] ?? 300); step++) {
  const { loss } = await session.train(x, y);
  if (step % 100 === 0) console.log(`step ${step}: loss ${loss.toFixed(4)}`);
}
