/** Moving averages of a session's weights, and norms of its gradients. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Conv2d, GlobalAvgPool2d, InPlaceABN, Linear, Sequential } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { describe, expect, it, onTestFinished } from 'vitest';
import { crossEntropy, Session } from '../src/index.js';
import { batchOf, CLASSES, SIDE } from './support/stripes.js';

const DECAY = 0.75;

const session = (seed = 1, average = true) =>
  new Session(
    new Sequential({
      conv: new Conv2d(1, 4, 3, { padding: 1, bias: false }),
      bn: new InPlaceABN(4),
      pool: new GlobalAvgPool2d(),
      fc: new Linear(4, CLASSES),
    }),
    {
      input: { shape: [1, SIDE, SIDE] },
      loss: crossEntropy(),
      optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
      seed,
      gradientNorm: true,
      ...(average && { average: { decay: DECAY } }),
    },
  );

async function newPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'average-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'file.safetensors');
}

const NAMES = ['fc.weight', 'bn.running_var'];
const numbers = ({ state }: Session, name: string) => [...(state.get(name)?.data ?? [])].map(Number);

describe('an average of the weights', () => {
  it('follows the weights, and evaluates, predicts and is saved', async () => {
    const own = session();
    const averages = new Map<string, number[]>();
    for (let step = 0; step < 4; step++) {
      const { x, y } = batchOf(6, step);
      const { gradientNorm = 0 } = await own.train(x, y);
      expect(gradientNorm).toBeGreaterThan(0);
      for (const name of NAMES) {
        const now = numbers(own, name);
        const before = averages.get(name);
        const next = before ? now.map((value, i) => DECAY * (before[i] ?? 0) + (1 - DECAY) * value) : now;
        averages.set(name, next);
      }
    }
    const path = await newPath();
    await own.save(path, { averaged: true });
    const other = session(7, false);
    await other.load(path);
    for (const name of NAMES) {
      const expected = averages.get(name) ?? [];
      for (const [i, value] of numbers(other, name).entries()) {
        expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 5);
      }
    }
    const { x, y } = batchOf(5, 9);
    const [averaged, loaded, plain] = [
      await own.evaluate(x, y, { averaged: true }),
      await other.evaluate(x, y),
      await own.evaluate(x, y),
    ];
    expect(averaged.loss).toBeCloseTo(loaded.loss, 6);
    expect(averaged.loss).not.toBeCloseTo(plain.loss, 6);
    expect((await own.predict(x, { averaged: true })).data).toEqual(averaged.output.data);
  });

  it('resumes bit for bit from a saved state', async () => {
    const [whole, first, second] = [session(), session(), session(5)];
    const train = async (own: Session, from: number, to: number) => {
      for (let step = from; step < to; step++) {
        const { x, y } = batchOf(6, step);
        await own.train(x, y);
      }
    };
    await train(whole, 0, 4);
    await train(first, 0, 2);
    const path = await newPath();
    await first.saveState(path);
    await second.loadState(path);
    await train(second, 2, 4);
    const { x } = batchOf(3, 8);
    const averaged = { averaged: true };
    expect((await second.predict(x, averaged)).data).toEqual((await whole.predict(x, averaged)).data);
  });

  it('does not exist before training or without the option', async () => {
    const { x, y } = batchOf(2, 0);
    await expect(session().evaluate(x, y, { averaged: true })).rejects.toThrow('train first');
    await expect(session(1, false).predict(x, { averaged: true })).rejects.toThrow(
      'predict of averages needs a Session with the option average',
    );
    // @ts-expect-error: decay is missing.
    expect(() => new Session(new Linear(1, 1), { input: { shape: [1] }, average: {} })).toThrow('decay');
  });
});
