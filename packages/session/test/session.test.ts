/** A network of one's own: planned, trained, saved, restored and run. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Conv2d, GlobalAvgPool2d, InPlaceABN, Linear, Sequential } from '@inplace-abn/nn';
import { adam, sgd } from '@inplace-abn/optim';
import { describe, expect, it, onTestFinished } from 'vitest';
import { crossEntropy, Session, type SessionOptions } from '../src/index.js';

const CLASSES = 3;
const SIDE = 12;

const network = () =>
  new Sequential({
    conv: new Conv2d(1, 8, 3, { padding: 1, bias: false }),
    bn: new InPlaceABN(8),
    pool: new GlobalAvgPool2d(),
    fc: new Linear(8, CLASSES),
  });

const session = (options: Partial<SessionOptions> = {}) =>
  new Session(network(), {
    input: { shape: [1, SIDE, SIDE] },
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: 0.5, momentum: 0.9 }),
    ...options,
  });

/** Stripes across, stripes down, and plain gray: what a 3×3 filter tells apart. */
function batchOf(size: number, first = 0): { x: Float32Array; y: Int32Array } {
  const y = Int32Array.from({ length: size }, (_, i) => (first + i) % CLASSES);
  const x = Float32Array.from({ length: size * SIDE * SIDE }, (_, i) => {
    const [image, row, column] = [Math.floor(i / SIDE ** 2), Math.floor(i / SIDE) % SIDE, i % SIDE];
    const label = y[image];
    return (label === 0 ? row % 2 : label === 1 ? column % 2 : 0.5) + 0.1 * Math.sin(first + i);
  });
  return { x, y };
}

const bestOf = (row: ArrayLike<number | bigint>) =>
  Array.from(row, Number).reduce((best, value, i, all) => (value > (all[best] ?? 0) ? i : best), 0);

async function accuracy(of: Session, size: number): Promise<number> {
  const { x, y } = batchOf(size, 1000);
  const { data, shape } = await of.predict(x);
  expect(shape).toEqual([size, CLASSES]);
  const hits = Array.from(y).filter(
    (label, i) => bestOf(data.subarray(i * CLASSES, (i + 1) * CLASSES)) === label,
  );
  return hits.length / size;
}

async function newPath(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'session-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, name);
}

describe('a session', () => {
  it('learns, and predicts batches of any size', async () => {
    const own = session({ memory: '2GB' });
    const losses: number[] = [];
    for (let step = 0; step < 40; step++) {
      const { x, y } = batchOf([12, 9, 15][step % 3] ?? 12, step);
      losses.push((await own.train(x, y)).loss);
    }
    expect(losses[0]).toBeCloseTo(Math.log(CLASSES), 1);
    expect(losses.at(-1)).toBeLessThan(0.2);
    expect(await accuracy(own, 30)).toBe(1);
    expect(await accuracy(own, 1)).toBe(1);
    const { x, y } = batchOf(6);
    expect((await own.evaluate(x, y)).loss).toBeLessThan(0.3);
  });

  it('saves what another one loads, bit for bit', async () => {
    const [first, second, path] = [session(), session({ seed: 1 }), await newPath('net.safetensors')];
    for (let step = 0; step < 3; step++) {
      const { x, y } = batchOf(6, step);
      await first.train(x, y);
    }
    await first.save(path);
    await second.load(path);
    expect(second.state).toEqual(first.state);
    const { x } = batchOf(4);
    expect(await second.predict(x)).toEqual(await first.predict(x));
  });

  it('plans without allocating, in place where batch normalization allows it', () => {
    const { summary, bytes, layers, rebuilt, ordinary, memoryMap, raw } = (() => {
      const plan = session().plan({ train: 8 });
      return {
        summary: plan.summary(),
        bytes: plan.bytes,
        layers: plan.layers,
        rebuilt: plan.rebuilt,
        ordinary: plan.ordinary(),
        memoryMap: plan.memoryMap(),
        raw: plan.raw,
      };
    })();
    expect(layers.find(({ path }) => path === 'bn')).toMatchObject({ op: 'abn_apply', inPlace: true });
    expect(raw.bytes.activations).toBeLessThan(0.6 * ordinary.activations);
    expect(rebuilt.inverted + rebuilt.recomputed + rebuilt.kept).toBeGreaterThan(0);
    expect(Math.max(...memoryMap.map((buffer) => buffer.offset + buffer.bytes))).toBeLessThanOrEqual(bytes);
    expect(summary).toMatch(/^train, batch 8: \d/);
    expect(summary).toContain("ordinary batch normalization under PyTorch's rules");
  });

  it('finds the largest batch for a budget', () => {
    const own = session();
    const batch = own.largestBatch('1MB');
    expect(own.plan({ train: batch }).bytes).toBeLessThanOrEqual(1e6);
    expect(own.plan({ train: batch + 1 }).bytes).toBeGreaterThan(1e6);
  });

  it('takes a loss of its own, an optimizer with state, clipping and bfloat16', async () => {
    const own = session({
      optimizer: adam({ learningRate: 0.02 }),
      clip: 1,
      precision: 'bfloat16',
      loss: (output, labels) => crossEntropy().compute(output, labels),
      target: { shape: [], dtype: 'int32' },
    });
    let last = Number.NaN;
    for (let step = 0; step < 60; step++) {
      const { x, y } = batchOf(12, step);
      last = (await own.train(x, y)).loss;
    }
    expect(last).toBeLessThan(0.4);
  });

  it('fits epochs of batches, with a schedule, callbacks and a validation', async () => {
    const own = session();
    const batches = [batchOf(12), batchOf(9, 12)];
    const seen: (number | null)[] = [];
    const rates: number[] = [];
    await own.fit(batches, {
      epochs: 5,
      schedule: (epoch) => 0.5 ** epoch,
      validation: [batchOf(6, 100)],
      callbacks: [
        {
          onStep: ({ learningRate }) => {
            rates.push(learningRate);
          },
          onEpoch: ({ epoch, validation }, stop) => {
            seen.push(validation);
            if (epoch === 2) stop();
          },
        },
      ],
    });
    expect(rates).toEqual([0.5, 0.5, 0.25, 0.25, 0.125, 0.125]);
    expect(seen).toHaveLength(3);
    expect(own.updates).toBe(6);
    await expect(own.fit((function* () {})(), {})).rejects.toThrow('fit: epoch 0 has no batches');
  });
});

describe('mistakes get one sentence', () => {
  const { x, y } = batchOf(4);

  it.each([
    [
      'an unknown option',
      () => session({ momentum: 0.9 } as Partial<SessionOptions>),
      'Session has no option momentum',
    ],
    ['a shape that is none', () => session({ input: { shape: [0, 3] } }), 'sizes of one sample'],
    ['a batch of 0', () => session().plan({ train: 0 }), 'at least one sample but received 0'],
    [
      'memory below the weights',
      () => session({ memory: 100 }).plan({ train: 1 }),
      'does not hold the weights',
    ],
  ])('%s', (_, body, message) => {
    expect(body).toThrow(message);
  });

  it.each([
    [
      'part of a sample',
      () => session().predict(x.subarray(0, 100)),
      'whole samples of 1×12×12 (144 elements each)',
    ],
    [
      'another dtype',
      () => session().predict(new Uint8Array(144)),
      'expected a batch of float32 but received uint8',
    ],
    ['too few targets', () => session().train(x, y.subarray(0, 3)), 'input target'],
    [
      'training without an optimizer',
      () => session({ optimizer: undefined }).train(x, y),
      'option optimizer',
    ],
    [
      'an input that is not finite',
      () =>
        session().train(
          x.map((v, i) => (i === 150 ? Number.NaN : v)),
          y,
        ),
      'sample 1 of the batch holds NaN',
    ],
  ])('%s', async (_, body, message) => {
    await expect(body()).rejects.toThrow(message);
  });

  it('a module that the loss does not reach', () => {
    class Spare extends Sequential {
      readonly spare = new Linear(2, 2);
    }
    const own = new Session(new Spare({ pool: new GlobalAvgPool2d(), fc: new Linear(1, CLASSES) }), {
      input: { shape: [1, SIDE, SIDE] },
      loss: crossEntropy(),
      optimizer: sgd({ learningRate: 0.1 }),
    });
    expect(() => own.plan({ train: 2 })).toThrow('the loss does not depend on parameter spare.weight');
  });
});
