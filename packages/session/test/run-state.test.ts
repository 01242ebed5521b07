/** Training that resumes from a file, bit for bit. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRunState, saveRunState } from '@inplace-abn/checkpoint';
import { Conv2d, Dropout, GlobalAvgPool2d, InPlaceABN, Linear, Sequential } from '@inplace-abn/nn';
import { adam, type Optimizer, sgd } from '@inplace-abn/optim';
import { describe, expect, it, onTestFinished } from 'vitest';
import { crossEntropy, Session } from '../src/index.js';
import { batchOf, CLASSES, SIDE } from './support/stripes.js';

const session = (optimizer: Optimizer, seed: number, accumulate = 1) =>
  new Session(
    new Sequential({
      conv: new Conv2d(1, 8, 3, { padding: 1, bias: false }),
      bn: new InPlaceABN(8),
      pool: new GlobalAvgPool2d(),
      drop: new Dropout(0.3),
      fc: new Linear(8, CLASSES),
    }),
    { input: { shape: [1, SIDE, SIDE] }, loss: crossEntropy(), optimizer, seed, accumulate },
  );

async function newPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'session-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'state.safetensors');
}

async function train(own: Session, first: number, steps: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = first; step < first + steps; step++) {
    const { x, y } = batchOf(6, step);
    losses.push((await own.train(x, y)).loss);
  }
  return losses;
}

describe('a saved state', () => {
  it.each([
    ['Adam', () => adam({ learningRate: 0.05 }), 1],
    ['SGD with accumulation', () => sgd({ learningRate: 0.1, momentum: 0.9 }), 2],
  ])('resumes bit for bit: %s', async (_, optimizer, parts) => {
    const path = await newPath();
    const [whole, first, second] = [3, 3, 99].map((seed) => session(optimizer(), seed, parts));
    if (!(whole && first && second)) throw new RangeError('three sessions');
    const losses = await train(whole, 0, 6);
    await train(first, 0, 3);
    await first.saveState(path);
    await second.loadState(path);
    expect(second.updates).toBe(3);
    expect(await train(second, 3, 3)).toEqual(losses.slice(3));
    expect(second.state).toEqual(whole.state);
    expect(second.updates).toBe(6);
  });

  it('is refused by another optimizer and by another network, which stay unchanged', async () => {
    const path = await newPath();
    const own = session(adam({ learningRate: 0.05 }), 0);
    await train(own, 0, 1);
    await own.saveState(path);
    const other = session(sgd({ learningRate: 0.1, momentum: 0.9 }), 1);
    const before = other.state;
    await expect(other.loadState(path)).rejects.toThrow('momentum_buffer');
    expect(other.state).toEqual(before);
    expect(other.updates).toBe(0);
    const narrow = new Session(new Sequential({ pool: new GlobalAvgPool2d(), fc: new Linear(1, CLASSES) }), {
      input: { shape: [1, SIDE, SIDE] },
      loss: crossEntropy(),
      optimizer: adam({ learningRate: 0.05 }),
    });
    await expect(narrow.loadState(path)).rejects.toThrow('conv.weight');
  });

  it('is refused without loading anything if a training run wrote it', async () => {
    const path = await newPath();
    const own = session(adam({ learningRate: 0.05 }), 0);
    await train(own, 0, 1);
    await own.saveState(path);
    const { meta, model, optimizer } = await openRunState(path);
    const { kernels: _, ...rest } = meta;
    const written = await newPath();
    await saveRunState(written, { meta: rest, model, optimizer });
    const other = session(adam({ learningRate: 0.05 }), 1);
    const before = other.state;
    await expect(other.loadState(written)).rejects.toMatchObject({ code: 'ERR_STATE_FILE' });
    expect(other.state).toEqual(before);
  });

  it('restores the kernels that training started with', async () => {
    const path = await newPath();
    const own = session(adam({ learningRate: 0.05 }), 0);
    await train(own, 0, 1);
    await own.saveState(path);
    const again = session(adam({ learningRate: 0.05 }), 0);
    await again.loadState(path);
    const kernels = (of: Session) =>
      of.plan({ train: 6 }).raw.instructions.map(({ kernel }) => kernel.implementation);
    expect(kernels(again)).toEqual(kernels(own));
  });
});
