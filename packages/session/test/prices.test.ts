/** The predicted time of a session's step, from made-up prices. */
import { type Plan, priceListOf } from '@inplace-abn/core';
import { Conv2d, GlobalAvgPool2d, InPlaceABN, Linear, Sequential } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { expect, it } from 'vitest';
import { crossEntropy, Session, type SessionOptions } from '../src/index.js';
import { batchOf, CLASSES, SIDE, session } from './support/stripes.js';

const MACHINE = { machine: '3 threads of a made-up CPU', version: '0', balance: 6 };
const MILLISECOND = 1e-3;

const listOf = (...plans: Plan[]) =>
  priceListOf(
    MACHINE,
    plans.map((plan) => [plan, plan.instructions.map(() => MILLISECOND)]),
  );

it('the predicted time of a step is the sum over its instructions', () => {
  const plan = session().plan({ train: 6 });
  const { seconds, sources, phases } = plan.time(listOf(plan.raw));
  expect(seconds).toBeCloseTo(MILLISECOND * plan.raw.instructions.length, 9);
  expect(sources).toEqual({ measured: seconds, interpolated: 0, estimated: 0 });
  expect(phases.backward).toBeGreaterThan(phases.update);
});

it('the predicted time covers all parts of an accumulated batch', () => {
  const inParts = session({ accumulate: 3 });
  const plan = inParts.plan({ train: 6 });
  const list = listOf(plan.raw);
  const whole = plan.time(list).seconds;
  // Parts that only sum gradients have most of the instructions, but no update.
  expect(whole).toBeGreaterThan(2 * plan.time(list).phases.forward);
  expect(whole).toBeGreaterThan(2 * MILLISECOND * plan.raw.instructions.length);
  expect(whole).toBeLessThan(3 * MILLISECOND * plan.raw.instructions.length);
});

it('prices choose what is recomputed within a memory limit, and change no result', async () => {
  const layers = [1, 2, 3, 4, 5].flatMap((index) => [
    [`conv${index}`, new Conv2d(index === 1 ? 1 : 8, 8, 3, { padding: 1, bias: false })],
    [`bn${index}`, new InPlaceABN(8)],
  ]);
  const deep = (options: Partial<SessionOptions> = {}) =>
    new Session(
      new Sequential({
        ...Object.fromEntries(layers),
        pool: new GlobalAvgPool2d(),
        fc: new Linear(8, CLASSES),
      }),
      {
        input: { shape: [1, SIDE, SIDE] },
        loss: crossEntropy(),
        optimizer: sgd({ learningRate: 0.5 }),
        ...options,
      },
    );
  const { bytes, raw } = deep().plan({ train: 12 });
  const priced = deep({ memory: Math.floor(bytes - 0.2 * raw.arenaBytes), prices: listOf(raw) });
  const plan = priced.plan({ train: 12 });
  expect(plan.rebuilt.recomputed).toBeGreaterThan(0);
  expect(plan.time(listOf(raw)).rebuilding).toBeGreaterThan(0);
  const { x, y } = batchOf(12);
  const losses = async (own: ReturnType<typeof deep>) => {
    const all = [];
    for (let step = 0; step < 3; step++) all.push((await own.train(x, y)).loss);
    return all;
  };
  expect(await losses(priced)).toEqual(await losses(deep()));
});
