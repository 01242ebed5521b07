/** Training on images that are mixed in pairs. */

import { mean } from '@inplace-abn/core';
import { Conv2d, GlobalAvgPool2d, Linear, Sequential } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { describe, expect, it } from 'vitest';
import {
  crossEntropy,
  type Mixing,
  type MixPosition,
  Session,
  type SessionOptions,
  softCrossEntropy,
} from '../src/index.js';
import { untyped } from './support/mistakes.js';
import { batchOf, CLASSES, SIDE } from './support/stripes.js';

const { x, y } = batchOf(6);
const oneHot = Float32Array.from({ length: 6 * CLASSES }, (_, i) =>
  y[Math.floor(i / CLASSES)] === i % CLASSES ? 1 : 0,
);

const mixup: Mixing = { draw: () => ({ lambda: 0.3, box: [0, 0, 0, 0] }) };
/** 5×3 of 12×12 pixels come from the other image. */
const cutmix: Mixing = { draw: () => ({ lambda: 1 - 15 / 144, box: [2, 9, 7, 12] }) };

/** A network without batch statistics, so that parts give the same update as the whole batch. */
const plain = (options: Partial<SessionOptions>) =>
  new Session(
    new Sequential({ conv: new Conv2d(1, 4, 3), pool: new GlobalAvgPool2d(), fc: new Linear(4, CLASSES) }),
    {
      input: { shape: [1, SIDE, SIDE] },
      loss: softCrossEntropy(),
      optimizer: sgd({ learningRate: 0.5 }),
      ...options,
    },
  );

/** A batch mixed on the host: every image with the previous one in its part of the batch. */
function mixedBy(mix: Mixing, part: number): [x: Float32Array, y: Float32Array] {
  const {
    lambda,
    box: [top, left, bottom, right],
  } = mix.draw({ seed: 0, epoch: 0, batch: 0, width: SIDE, height: SIDE });
  const other = (sample: number) => sample - (sample % part) + ((sample + part - 1) % part);
  const between = (data: Float32Array, each: number, shareAt: (inside: number) => number) =>
    data.map((own, i) => {
      const share = shareAt(i % each);
      return (
        share * own + (1 - share) * (data[other(Math.floor(i / each)) * each + (i % each)] ?? Number.NaN)
      );
    });
  const inBox = (row: number, column: number) =>
    row >= top && row < bottom && column >= left && column < right;
  const shareAt = (inside: number) =>
    bottom > top ? (inBox(Math.floor(inside / SIDE), inside % SIDE) ? 0 : 1) : lambda;
  return [between(x, SIDE ** 2, shareAt), between(oneHot, CLASSES, () => lambda)];
}

describe('a mixed batch', () => {
  it.each<[string, Mixing, Partial<SessionOptions>, part: number]>([
    ['mixup', mixup, {}, 6],
    ['cutmix', cutmix, {}, 6],
    ['mixup in shards', mixup, { deterministicWorld: 2 }, 3],
    ['cutmix in parts', cutmix, { accumulate: 2 }, 3],
    ['mixup in parts of shards', mixup, { deterministicWorld: 2, accumulate: 3 }, 1],
  ])('trains as a batch mixed beforehand does: %s', async (_, mix, options, part) => {
    const [given, own, labels] = [
      plain({}),
      plain({ ...options, mix }),
      plain({ ...options, mix, loss: crossEntropy() }),
    ];
    const { loss } = await given.train(...mixedBy(mix, part));
    expect((await own.train(x, oneHot)).loss).toBeCloseTo(loss, 5);
    expect((await labels.train(x, y)).loss).toBeCloseTo(loss, 5);
    for (const [name, { data }] of given.state) {
      for (const found of [own, labels]) {
        for (const [i, value] of (found.state.get(name)?.data ?? []).entries()) {
          expect(Math.abs(Number(value) - Number(data[i]))).toBeLessThan(1e-5);
        }
      }
    }
  });

  it('is drawn from seed, epoch and batch, or from the number of updates', async () => {
    const drawn: MixPosition[] = [];
    const mix: Mixing = {
      draw: (at) => {
        drawn.push(at);
        return mixup.draw(at);
      },
    };
    const own = plain({ seed: 7, mix, loss: crossEntropy() });
    await own.fit(
      [
        { x, y },
        { x, y },
      ],
      { epochs: 2, start: { epoch: 0, step: 1, stepInEpoch: 1 } },
    );
    await own.train(x, y);
    const size = { width: SIDE, height: SIDE };
    expect(drawn).toEqual([
      { seed: 7, epoch: 0, batch: 1, ...size },
      { seed: 7, epoch: 1, batch: 0, ...size },
      { seed: 7, epoch: 1, batch: 1, ...size },
      { seed: 7, epoch: 0, batch: 3, ...size },
    ]);
  });

  it('must consist of images', () => {
    expect(() => plain({ mix: mixup, input: { shape: [SIDE] } })).toThrow('one float32 input of images');
    expect(() => plain({ mix: untyped<Mixing>({ mixup: 0.2 }) })).toThrow('mix to draw');
  });

  it.each<[string, Partial<SessionOptions>]>([
    ['labels', { loss: crossEntropy() }],
    ['float targets', { loss: softCrossEntropy() }],
    [
      "a function's targets",
      { loss: (output) => mean(output), target: { shape: [SIDE, SIDE], dtype: 'int32' } },
    ],
  ])('may not have per-pixel %s', (_, options) => {
    const planned = (own: Partial<SessionOptions>) =>
      new Session(new Sequential({ conv: new Conv2d(1, CLASSES, 3, { padding: 1 }) }), {
        input: { shape: [1, SIDE, SIDE] },
        optimizer: sgd({ learningRate: 0.5 }),
        ...own,
      }).plan({ train: 2 });
    expect(planned(options).bytes).toBeGreaterThan(0);
    expect(() => planned({ ...options, mix: cutmix })).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_VALUE',
        message: expect.stringMatching(
          /^Session: mix is for targets of whole images, .* target of a sample is \[.*12, 12\]/,
        ),
      }),
    );
  });
});
