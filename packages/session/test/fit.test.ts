/** The training loop as callbacks see it. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type EarlyStoppingOptions,
  earlyStopping,
  type FitCallback,
  type FitPosition,
  type Trainee,
  trainEpochs,
} from '../src/index.js';
import { batchOf, session } from './support/stripes.js';

const batches = [0, 1, 2].map((first) => batchOf(2 + first, first));

describe('callbacks', () => {
  it('are called for epochs, batches, steps and the end, in order', async () => {
    const own = session();
    const heard: string[] = [];
    const losses: number[] = [];
    const callback: FitCallback = {
      onEpochStart: (epoch) => void heard.push(`begin ${epoch}`),
      onBatch: () => void heard.push('batch'),
      onStep: ({ step, stepInEpoch, epoch, loss, samples, mean }) => {
        heard.push(`step ${step}, ${stepInEpoch} of ${epoch}`);
        losses.push(loss * samples);
        if (step === 2) expect(mean.loss).toBeCloseTo(losses.reduce((a, b) => a + b) / 9, 6);
      },
      onEpoch: ({ epoch, step, validation }) => {
        heard.push(`epoch ${epoch} after ${step}`);
        expect(validation?.loss).toBeGreaterThan(0);
      },
      onEnd: (at) => void heard.push(JSON.stringify(at)),
    };
    await own.fit(batches, { validation: batches, callbacks: [callback] });
    expect(heard).toEqual([
      'begin 0',
      ...[0, 1, 2].flatMap((step) => ['batch', `step ${step}, ${step} of 0`]),
      'epoch 0 after 3',
      '{"epoch":1,"step":3,"stepInEpoch":0}',
    ]);
  });

  it('stop training within an epoch and get the position to resume from', async () => {
    const stops: FitPosition[] = [];
    const callback: FitCallback = {
      onStep: ({ step }, stop) => {
        if (step === 4) stop();
      },
      onEpoch: ({ epoch }) => expect(epoch).toBe(0),
      onStop: (at) => void stops.push(at),
    };
    await session().fit(batches, { epochs: 3, callbacks: [callback] });
    expect(stops).toEqual([{ epoch: 1, step: 5, stepInEpoch: 2 }]);
  });
});

it('a schedule counts epochs or steps', async () => {
  for (const [scheduleMode, counts] of [
    ['epoch', [0, 0, 0, 1, 1, 1]] as const,
    ['step', [0, 1, 2, 3, 4, 5]] as const,
  ]) {
    const rates: number[] = [];
    const callbacks: FitCallback[] = [{ onStep: ({ learningRate }) => void rates.push(learningRate) }];
    await session().fit(batches, { epochs: 2, schedule: (it) => 0.5 ** it, scheduleMode, callbacks });
    expect(rates).toEqual(counts.map((it) => 0.5 * 0.5 ** it));
  }
});

describe('a time limit', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('ends training after the current step, from which it resumes', async () => {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const stops: FitPosition[] = [];
    const losses: number[] = [];
    const callbacks: FitCallback[] = [
      {
        onStep: ({ loss }) => {
          now += 1000;
          losses.push(loss);
        },
        onStop: (at) => void stops.push(at),
      },
    ];
    await session().fit(batches, { epochs: 3, callbacks });
    const whole = losses.splice(0);
    const own = session();
    await own.fit(batches, { epochs: 3, timeLimit: 3.5, callbacks });
    expect(stops).toEqual([{ epoch: 1, step: 4, stepInEpoch: 1 }]);
    // There is time for the remaining five steps.
    await own.fit(batches, { epochs: 3, start: stops[0], timeLimit: 5.5, callbacks });
    expect(losses).toEqual(whole);
    expect(stops).toHaveLength(1);
  });

  it('must be above 0', async () => {
    await expect(async () => session().fit(batches, { timeLimit: 0 })).rejects.toThrow(
      'timeLimit in seconds',
    );
  });
});

describe('earlyStopping', () => {
  async function epochsUntil(results: readonly number[], options: EarlyStoppingOptions): Promise<number> {
    let epochs = 0;
    const trainee: Trainee<object, string> = {
      train: async () => ({ loss: 1, metrics: {}, samples: 1, learningRate: 1 }),
      validate: async () => {
        const result = results[epochs++] ?? Number.NaN;
        return { loss: 10 - result, metrics: { top1: result } };
      },
    };
    const callbacks = [earlyStopping(options)];
    await trainEpochs(trainee, { epochs: results.length, batches: () => [{}], callbacks });
    return epochs;
  }

  it('ends training after `patience` epochs without a better result', async () => {
    const results = [1, 3, 2, 3, 4, 4.1, 4, 4.2, 9];
    expect(await epochsUntil(results, { patience: 2 })).toBe(4);
    expect(await epochsUntil(results, { patience: 2, metric: 'top1' })).toBe(4);
    expect(await epochsUntil(results, { patience: 3 })).toBe(9);
    expect(await epochsUntil(results, { patience: 3, minDelta: 0.5 })).toBe(8);
  });

  it('refuses options that are out of range', async () => {
    expect(() => earlyStopping({ patience: 0 })).toThrow('patience: expected an integer of at least 1');
    expect(() => earlyStopping({ patience: 1, minDelta: -1 })).toThrow('minDelta: expected a number of');
    await expect(epochsUntil([1], { patience: 1, metric: 'top5' })).rejects.toThrow(
      'metric: expected a metric',
    );
  });
});

it('fit resumes within an epoch with the remaining batches', async () => {
  const [whole, half] = [session(), session()];
  const losses: number[] = [];
  const seen: FitCallback = { onStep: ({ loss }) => void losses.push(loss) };
  await whole.fit(batches, { epochs: 2, callbacks: [seen] });
  const expected = losses.splice(0);
  let start: FitPosition | undefined;
  const stopping: FitCallback = {
    onStep: ({ step }, stop) => {
      if (step === 1) stop();
    },
    onStop: (at) => {
      start = at;
    },
  };
  await half.fit(batches, { epochs: 2, callbacks: [seen, stopping] });
  expect(start).toEqual({ epoch: 0, step: 2, stepInEpoch: 2 });
  const asked: [number, number][] = [];
  const rest = (epoch: number, first: number) => {
    asked.push([epoch, first]);
    return batches.slice(first);
  };
  await half.fit(rest, { epochs: 1, start, callbacks: [seen] });
  await half.fit(batches, { epochs: 2, start: { epoch: 1, step: 3, stepInEpoch: 0 }, callbacks: [seen] });
  expect(asked).toEqual([[0, 2]]);
  expect(losses).toEqual(expected);
  await half.fit(batches, { start, callbacks: [seen] });
  expect(losses).toHaveLength(expected.length + 1);
});

describe('resumed training', () => {
  interface Recorded extends Trainee<number, string> {
    readonly made: [batch: number, at: FitPosition][];
  }

  function recorded(): Recorded {
    const made: Recorded['made'] = [];
    return {
      made,
      train: async (batch, at) => {
        made.push([batch, at]);
        return { loss: 1, metrics: {}, samples: batch === 7 ? 0 : 1, learningRate: 0.1 };
      },
      validate: async () => null,
    };
  }
  const numbers = (epoch: number, first: number) => [5, 6, 7].slice(first).map((each) => each + 10 * epoch);
  const start = { epoch: 0, step: 2, stepInEpoch: 2 };

  it('starts with the batch after the last one', async () => {
    const trainee = recorded();
    const means: number[] = [];
    const callbacks: FitCallback[] = [{ onEpoch: ({ loss }) => void means.push(loss) }];
    await trainEpochs(trainee, { epochs: 2, start, batches: numbers, callbacks });
    expect(trainee.made.map(([batch]) => batch)).toEqual([7, 15, 16, 17]);
    expect(trainee.made[1]?.[1]).toEqual({ epoch: 1, step: 3, stepInEpoch: 0 });
    // The only step of the first epoch had no labels.
    expect(means).toEqual([Number.NaN, 1]);
  });

  it('runs the validation that its epoch still lacks', async () => {
    const trainee = recorded();
    const at = { epoch: 0, step: 3, stepInEpoch: 3 };
    const validated: FitPosition[] = [];
    trainee.validate = async (where) => {
      validated.push(where);
      return 'stopped';
    };
    await trainEpochs(trainee, { epochs: 1, start: at, batches: numbers, callbacks: [] });
    expect(trainee.made).toEqual([]);
    expect(validated).toEqual([at]);
  });

  it('prefetches the next batch during a step', async () => {
    const order: string[] = [];
    const trainee = recorded();
    trainee.prefetch = (batch) => void order.push(`prefetch ${batch}`);
    const callbacks: FitCallback[] = [{ onStep: ({ step }) => void order.push(`step ${step}`) }];
    const { train } = trainee;
    trainee.train = async (...args) => {
      await new Promise(setImmediate);
      return train(...args);
    };
    await trainEpochs(trainee, { epochs: 1, batches: numbers, callbacks });
    expect(order).toEqual(['prefetch 6', 'step 0', 'prefetch 7', 'step 1', 'step 2']);
  });
});

it('names the first layer with a value that is not finite', async () => {
  const own = session();
  const { x, y } = batchOf(2);
  await own.train(x, y);
  own.store.write('fc.bias', new Float32Array(3).fill(Number.NaN));
  await expect(own.train(x, y)).rejects.toThrow(
    /^the loss is not finite \(nan\); the first value that is not finite comes from fc \(linear\)$/i,
  );
});
