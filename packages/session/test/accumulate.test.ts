/** Gradient accumulation: a batch in parts and one update with the sum of their gradients. */
import { Conv2d, GlobalAvgPool2d, Linear, Sequential } from '@inplace-abn/nn';
import { adamw, sgd } from '@inplace-abn/optim';
import { describe, expect, it } from 'vitest';
import { accuracy, crossEntropy, Session, type SessionOptions } from '../src/index.js';
import { batchOf, CLASSES, SIDE, session } from './support/stripes.js';

/** A network without batch statistics, so that parts give the same update as the whole batch. */
const plain = (
  accumulate: number,
  { clip, loss = crossEntropy() }: Pick<SessionOptions, 'clip' | 'loss'> = {},
) =>
  new Session(
    new Sequential({
      conv: new Conv2d(1, 8, 3, { padding: 1 }),
      pool: new GlobalAvgPool2d(),
      fc: new Linear(8, CLASSES),
    }),
    {
      input: { shape: [1, SIDE, SIDE] },
      loss,
      optimizer: adamw({ learningRate: 0.01 }),
      metrics: { top1: accuracy() },
      accumulate,
      clip,
    },
  );

const values = (of: Pick<Session, 'state'>) =>
  [...of.state.values()].flatMap(({ data }) => (data instanceof Float32Array ? [...data] : []));

describe('accumulation', () => {
  it.each([
    ['even parts', 8, 4, undefined],
    ['parts that differ by a sample', 7, 3, undefined],
    ['clipping by the norm of the sum', 6, 2, 1e-3],
  ])('gives the update of the whole batch: %s', async (_, samples, parts, clip) => {
    const [whole, divided] = [plain(1, { clip }), plain(parts, { clip })];
    for (let step = 0; step < 3; step++) {
      const { x, y } = batchOf(samples, step);
      const [one, sum] = [await whole.train(x, y), await divided.train(x, y)];
      expect(sum.loss).toBeCloseTo(one.loss, 5);
      expect(sum.metrics).toEqual(one.metrics);
      expect(sum.samples).toBe(samples);
    }
    expect(divided.updates).toBe(3);
    const [one, sum] = [values(whole), values(divided)];
    for (const [i, value] of sum.entries()) expect(value).toBeCloseTo(Number(one[i]), 4);
  });

  it('averages over the labels of all parts that are not ignored, even if a part has none', async () => {
    const loss = crossEntropy({ ignoreIndex: 255, classWeights: [1, 2, 0.5] });
    const [whole, divided] = [plain(1, { loss }), plain(3, { loss })];
    for (let step = 0; step < 3; step++) {
      const { x, y } = batchOf(7, step);
      y.set([255, 255], 0); // the first part
      y[4] = 255;
      const [one, sum] = [await whole.train(x, y), await divided.train(x, y)];
      expect(sum.loss).toBeCloseTo(one.loss, 5);
      expect(sum.metrics).toEqual(one.metrics);
    }
    const [one, sum] = [values(whole), values(divided)];
    for (const [i, value] of sum.entries()) expect(value).toBeCloseTo(Number(one[i]), 4);
  });

  it('plans the largest part, with a gradient sum for each parameter', () => {
    const [whole, divided] = [session({ accumulate: 1 }), session({ accumulate: 4 })];
    const [all, part] = [whole.plan({ train: 64 }), divided.plan({ train: 64 })];
    expect(part.batch).toBe(16);
    expect(part.raw.arenaBytes).toBeLessThan(0.4 * all.raw.arenaBytes);
    const states = part.raw.graph.states.filter(({ name }) => name.endsWith('.accumulated_grad'));
    expect(states.map(({ name }) => name)).toHaveLength(5);
  });

  it('includes the steps of all parts in a lock', () => {
    const plan = session({ accumulate: 4 }).plan({ train: 64 });
    const { layers, work, totalBytes, arenaBytes, bytes } = plan.lock();
    expect(Object.keys(layers)).toEqual(expect.arrayContaining(['bn abn_apply', 'part of 16: bn abn_apply']));
    expect(totalBytes).toBe(arenaBytes + bytes.weights + bytes.optimizer);
    expect(bytes.optimizer).toBe(plan.raw.bytes.optimizer);
    const whole = session({ accumulate: 1 }).plan({ train: 64 }).lock();
    expect(work / whole.work).toBeGreaterThan(0.9);
    expect(plan.diff(plan.lock())).toMatchObject({ layers: [], grown: [] });
  });

  it('updates no parameter if a part is not finite, and can continue', async () => {
    const own = session({ accumulate: 2, optimizer: sgd({ learningRate: 0.1 }) });
    const { x, y } = batchOf(8);
    const before = own.state.get('conv.weight');
    const broken = x.map((value, i) => (i === x.length - 1 ? Number.NaN : value));
    await expect(own.train(broken, y)).rejects.toMatchObject({ code: 'ERR_NOT_FINITE_INPUT' });
    expect(own.state.get('conv.weight')).toEqual(before);
    expect(own.updates).toBe(0);
    expect((await own.train(x, y)).loss).toBeGreaterThan(0);
    expect(own.state.get('conv.weight')?.data.every((value) => Number.isFinite(Number(value)))).toBe(true);
  });

  it('refuses fewer samples than parts', async () => {
    const { x, y } = batchOf(3);
    await expect(session({ accumulate: 4 }).train(x, y)).rejects.toThrow(
      '3 samples cannot be divided into 4 parts',
    );
    expect(() => session({ accumulate: 0 })).toThrow(
      'expected accumulate to count parts, from 1, but received 0',
    );
  });
});
