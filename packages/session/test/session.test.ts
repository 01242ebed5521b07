/** A user-defined network: planned, trained, saved, restored and run. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Conv2d, GlobalAvgPool2d, InPlaceABN, Linear, Sequential } from '@inplace-abn/nn';
import { adam, sgd } from '@inplace-abn/optim';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { crossEntropy, Session } from '../src/index.js';
import { batchOf, CLASSES, SIDE, session } from './support/stripes.js';

const bestOf = (row: Float32Array) =>
  row.reduce((best, value, i, all) => (value > (all[best] ?? 0) ? i : best), 0);

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

  it('saves weights that another session loads bit for bit', async () => {
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

  it('searches from the fewest samples that have a plan, and reports if they do not fit', () => {
    // With one sample, no channel has a variance.
    const net = new Sequential({
      conv: new Conv2d(1, 4, SIDE),
      bn: new InPlaceABN(4),
      pool: new GlobalAvgPool2d(),
      fc: new Linear(4, CLASSES),
    });
    const own = new Session(net, {
      input: { shape: [1, SIDE, SIDE] },
      loss: crossEntropy(),
      optimizer: sgd({ learningRate: 0.1 }),
    });
    expect(() => own.plan({ train: 1 })).toThrow('no variance');
    expect(own.largestBatch('1MB')).toBeGreaterThan(2);
    expect(() => own.largestBatch(10)).toThrow(/^2 samples, the fewest that have a plan, need /);
  });

  it('plans the gradient buckets of its group, 8 MiB by default', () => {
    const group = { name: '', size: 4, rank: 0, gatherValues: vi.fn(), broadcastMemory: vi.fn() };
    const bucketsOf = (bucketSize?: number | string) =>
      session({ group, bucketSize })
        .plan({ train: 8 })
        .raw.instructions.filter(
          ({ node }) => /gradients|bucket/.test(node.path) && node.op.name === 'all_reduce_start',
        );
    expect(bucketsOf()).toHaveLength(1);
    expect(bucketsOf('8MiB')).toHaveLength(1);
    // One bucket each for the convolution, gamma, beta, and the weight and bias of the last layer.
    expect(bucketsOf(1)).toHaveLength(5);
  });

  it('plans the memory of the whole process', () => {
    const plan = session().plan({ train: 8 });
    const { parts, bytes, most } = plan.resident();
    expect(parts.map(({ name }) => name)).toEqual([
      'runtime and libraries',
      'weights',
      'optimizer state',
      'arena',
      'initial weights, checkpoints',
    ]);
    expect(parts.slice(1, 4).reduce((sum, part) => sum + part.bytes, 0)).toBe(plan.bytes);
    expect(bytes).toBe(parts.reduce((sum, part) => sum + part.bytes, 0));
    expect(most).toBeGreaterThan(bytes);
    // Node with a grown heap, the plan's instructions, and two convolution kernels: forward and weights.
    const { instructions } = plan.raw;
    expect(parts[0]?.bytes).toBe((112 << 20) + (9 << 10) * instructions.length + 2 * (172 << 10));
  });

  it('takes a user-defined loss, an optimizer with state, clipping and bfloat16', async () => {
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

  it('fits epochs of batches with a schedule, callbacks and validation', async () => {
    const own = session();
    const batches = [batchOf(12), batchOf(9, 12)];
    const seen: (number | undefined)[] = [];
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
            seen.push(validation?.loss);
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

  it('queues concurrent calls', async () => {
    const { x, y } = batchOf(8);
    const [small, size] = [x.subarray(0, 3 * SIDE ** 2), SIDE ** 2];
    const [inTurn, atOnce] = [session(), session()];
    const wanted = [
      (await inTurn.train(x, y)).loss,
      (await inTurn.predict(small)).data,
      (await inTurn.train(x.subarray(size), y.subarray(1))).loss,
      (await inTurn.predict(x)).data,
    ];
    const [first, few, second, all] = await Promise.all([
      atOnce.train(x, y),
      atOnce.predict(small),
      atOnce.train(x.subarray(size), y.subarray(1)),
      atOnce.predict(x),
    ]);
    expect([first.loss, few.data, second.loss, all.data]).toEqual(wanted);
    expect(atOnce.updates).toBe(2);
    const failed = atOnce.predict(x.subarray(1));
    await expect(Promise.all([failed, atOnce.predict(x)])).rejects.toThrow('whole samples');
    expect((await atOnce.predict(x)).data).toEqual(wanted[3]);
  });
});
