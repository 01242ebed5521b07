/**
 * Layer-wise rates, and weight decay only for weights, compared with PyTorch's AdamW with timm's groups
 * (tools/oracle/make_groups.py).
 */
import { Linear, Sequential } from '@inplace-abn/nn';
import { adamw } from '@inplace-abn/optim';
import { expect, it } from 'vitest';
import { readJson } from '../../core/test/support/fixtures.js';
import { mse, Session } from '../src/index.js';

type Weights = Readonly<Record<string, readonly (number | readonly number[])[]>>;

const { options, x, y, start, end } = readJson<{
  options: { learningRate: number; weightDecay: number; layerDecay: number; steps: number };
  x: number[][];
  y: number[][];
  start: Weights;
  end: Weights;
}>(new URL('fixtures/groups.json', import.meta.url));

it("three steps match PyTorch with timm's groups", async () => {
  const network = new Sequential({
    stem: new Linear(6, 5),
    block1: new Linear(5, 4),
    block2: new Linear(4, 4),
    fc: new Linear(4, 3),
  });
  const { learningRate, weightDecay, layerDecay, steps } = options;
  const session = new Session(network, {
    input: { shape: [6] },
    loss: mse(),
    optimizer: adamw({ learningRate, weightDecay }),
    decayNormAndBias: false,
    layerDecay,
  });
  for (const [name, values] of Object.entries(start))
    session.store.write(name, Float32Array.from(values.flat()));
  for (let step = 0; step < steps; step++) {
    await session.train(Float32Array.from(x.flat()), Float32Array.from(y.flat()));
  }
  for (const [name, values] of Object.entries(end)) {
    const data = [...(session.state.get(name)?.data ?? [])].map(Number);
    expect(data).toHaveLength(values.flat().length);
    for (const [i, value] of values.flat().entries())
      expect(Math.abs((data[i] ?? Number.NaN) - value)).toBeLessThan(2e-5);
  }
});
