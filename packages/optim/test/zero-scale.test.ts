/** A layer whose γ starts at exactly 0, as residual branches often do, still learns. */
import { crossEntropy, gradients, programOf, trace } from '@inplace-abn/core';
import { ABN, InPlaceABN } from '@inplace-abn/nn';
import { describe, expect, it } from 'vitest';
import { applyUpdates, sgd } from '../src/index.js';

const LEARNING_RATE = 0.5;
/** Samples of class 0 are positive, those of class 1 negative: the mean is 0 and x̂ is ±1. */
const x = Float32Array.of(2, -2, 2, -2, -2, 2, -2, 2);
const labels = Int32Array.of(0, 0, 1, 1);

/** γ of a layer before the loss after some SGD steps. */
async function gammaAfter(steps: number, Layer: typeof ABN, training: boolean): Promise<number[]> {
  const graph = trace((tracer) => {
    const layer = new Layer(2, { activation: 'identity' });
    const z = tracer.within('bn', () => layer.call(tracer.input('x', [4, 2], 'float32'), { training }));
    const loss = crossEntropy(z, tracer.input('labels', [4], 'int32'));
    const parameter = tracer.state('bn.weight', [2], 'float32', 'parameter');
    const [gradient = null] = gradients(loss, [parameter]);
    if (!gradient) throw new Error('the loss does not depend on γ');
    const learningRate = tracer.input('lr', [], 'float32');
    const step = tracer.input('step', [], 'float32');
    const updates = [{ name: 'bn.weight', parameter, gradient, learningRate }];
    applyUpdates(sgd({ learningRate: LEARNING_RATE }), updates, { clip: null, step });
    return { loss };
  });
  const states = {
    'bn.weight': Float32Array.of(0, -0),
    'bn.bias': new Float32Array(2),
    'bn.running_var': Float32Array.of(4, 4),
  };
  const step = programOf(graph, { states });
  for (let i = 0; i < steps; i++) {
    await step.run({ x, labels, lr: Float32Array.of(LEARNING_RATE), step: Float32Array.of(i + 1) });
  }
  return Array.from(step.store.read('bn.weight').data, Number);
}

describe.each([
  ['ABN', ABN],
  ['InPlaceABN', InPlaceABN],
] as const)('%s', (_, Layer) => {
  it.each([
    ['training', true],
    ['evaluation', false],
  ])('moves a γ of zero in %s', async (_mode, training) => {
    // Both logits are 0 up to ε: dz is ±1/8 and x̂ is ±1, so dγ = −1/2 and γ becomes 1/4.
    for (const gamma of await gammaAfter(1, Layer, training)) expect(gamma).toBeCloseTo(LEARNING_RATE / 2, 4);
    for (const gamma of await gammaAfter(10, Layer, training)) expect(gamma).toBeGreaterThan(0.5);
  });
});
