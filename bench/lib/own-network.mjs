// @ts-check
// A custom network, in a Session and as a trace written by hand.
import { crossEntropy, guardFinite, programOf, trace } from '@inplace-abn/core';
import { Conv2d, GlobalAvgPool2d, InPlaceABN, initialStates, Linear, Sequential } from '@inplace-abn/nn';
import { sgd, updateParameters } from '@inplace-abn/optim';
import { crossEntropy as crossEntropyLoss, Session } from '@inplace-abn/session';

const CLASSES = 10;
const optimizer = sgd({ learningRate: 0.01, momentum: 0.9 });

const network = () =>
  new Sequential({
    conv1: new Conv2d(3, 32, 3, { padding: 1, bias: false }),
    bn1: new InPlaceABN(32),
    conv2: new Conv2d(32, 64, 3, { padding: 1, stride: 2, bias: false }),
    bn2: new InPlaceABN(64),
    conv3: new Conv2d(64, 64, 3, { padding: 1, bias: false }),
    bn3: new InPlaceABN(64),
    conv4: new Conv2d(64, 128, 3, { padding: 1, stride: 2, bias: false }),
    bn4: new InPlaceABN(128),
    pool: new GlobalAvgPool2d(),
    fc: new Linear(128, CLASSES),
  });

/** @param {number} side */
export function sessionOf(side) {
  return new Session(network(), { input: { shape: [3, side, side] }, loss: crossEntropyLoss(), optimizer });
}

/**
 * @param {number} batch
 * @param {number} side
 */
export function samplesOf(batch, side) {
  const x = Float32Array.from({ length: batch * side * side * 3 }, (_, i) => Math.sin(i * i));
  return { x, y: Int32Array.from({ length: batch }, (_, i) => i % CLASSES) };
}

/**
 * The same training step without a Session. Resolves to the loss.
 *
 * @param {number} batch
 * @param {number} side
 * @returns {(x: Float32Array, y: Int32Array) => Promise<number>}
 */
export function stepByHand(batch, side) {
  const module = network();
  const graph = trace((tracer) => {
    const x = tracer.input('x', [batch, 3, side, side], 'float32');
    const y = tracer.input('y', [batch], 'int32');
    const [lr, step] = [tracer.input('lr', [], 'float32'), tracer.input('step', [], 'float32')];
    const loss = crossEntropy(module.call(x, { training: true }), y);
    guardFinite(loss, 'the loss');
    updateParameters(loss, { optimizer, step, clip: 0, rateOf: () => lr });
    return { loss };
  });
  const program = programOf(graph);
  for (const [name, { data }] of initialStates(module, { seed: 0 })) program.store.write(name, data);
  let updates = 0;
  return async (x, y) => {
    updates++;
    const scalars = { lr: Float32Array.of(optimizer.learningRate), step: Float32Array.of(updates) };
    const { outputs } = await program.run({ x, y, ...scalars });
    return Number(outputs.loss[0]);
  };
}
