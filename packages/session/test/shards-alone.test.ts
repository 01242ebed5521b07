/** A fixed number of shards on one process: batch sizes, and the position of invalid samples. */
import { Conv2d, GlobalAvgPool2d, InPlaceABNSync, Linear, Sequential } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { describe, expect, it } from 'vitest';
import { crossEntropy, halved, Session } from '../src/index.js';

const PIXELS = 16;

function session(deterministicWorld: number | undefined, accumulate: number) {
  const net = new Sequential({
    conv: new Conv2d(1, 4, 3, { padding: 1 }),
    bn: new InPlaceABNSync(4),
    pool: new GlobalAvgPool2d(),
    fc: new Linear(4, 3),
  });
  return new Session(net, {
    input: { shape: [1, 4, 4] },
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: 0.1 }),
    deterministicWorld,
    accumulate,
  });
}

describe('a session in shards', () => {
  it.each([
    [4, 1, 4],
    [4, 3, 12],
    [32, 3, 96],
  ])('of %i shards and %i parts searches its largest batch from %i samples', (shards, parts, fewest) => {
    const own = session(shards, parts);
    expect(() => own.plan({ train: fewest - 1 })).toThrow(expect.objectContaining({ code: 'ERR_SHARDS' }));
    const { bytes } = own.plan({ train: fewest });
    expect(own.largestBatch(bytes)).toBeGreaterThanOrEqual(fewest);
    expect(() => own.largestBatch(10)).toThrow(
      new RegExp(`^${fewest} samples, the fewest that have a plan, need `),
    );
  });

  it.each([
    [undefined, 1],
    [undefined, 3],
    [4, 1],
    [4, 2],
  ])("of %s shards and %i parts names the batch's sample that is not finite", async (shards, parts) => {
    const x = new Float32Array(12 * PIXELS).fill(0.5);
    x[7 * PIXELS + 3] = Number.NaN;
    await expect(session(shards, parts).train(x, new Int32Array(12))).rejects.toThrow(
      /^train: sample 7 of input holds NaN/,
    );
  });
});

it('halving divides a batch only into a power of two of parts', () => {
  expect(halved(11, 4)).toEqual([2, 3, 3, 3]);
  for (const parts of [0, 3, 6, -2, 1.5]) {
    expect(() => halved(16, parts)).toThrow(expect.objectContaining({ code: 'ERR_SHARDS' }));
  }
});
