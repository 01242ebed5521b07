/** Several inputs, outputs and learning rates; frozen parts of a network; the values of layers. */
import { activation, add, concat, type Value } from '@inplace-abn/core';
import { Conv2d, GlobalAvgPool2d, InPlaceABN, Linear, Module, Sequential } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { describe, expect, it } from 'vitest';
import { accuracy, crossEntropy, type LayerDecay, Session } from '../src/index.js';
import { batchOf, CLASSES, network, SIDE, session } from './support/stripes.js';

const { x, y } = batchOf(6);
const clone = (of: Pick<Session, 'state'>) => new Map([...of.state].map(([name, { data }]) => [name, data]));

describe('several inputs and outputs', () => {
  interface Pair {
    readonly [name: string]: Value;
    readonly left: Value;
    readonly right: Value;
  }
  interface Heads {
    readonly [name: string]: Value;
    readonly stripes: Value;
    readonly parity: Value;
  }

  class TwoEyes extends Module<Pair, Heads> {
    readonly eye = new Conv2d(1, 8, 3, { padding: 1 });
    readonly pool = new GlobalAvgPool2d();
    readonly stripes = new Linear(16, CLASSES);
    readonly parity = new Linear(16, 2);

    protected forward({ left, right }: Pair): Heads {
      const look = (image: Value) =>
        this.pool.call(activation(this.eye.call(image), { activation: 'leaky_relu', slope: 0.1 }));
      const seen = concat([look(left), look(right)]);
      return { stripes: this.stripes.call(seen), parity: this.parity.call(seen) };
    }
  }

  const twoEyes = () =>
    new Session(new TwoEyes(), {
      input: { left: { shape: [1, SIDE, SIDE] }, right: { shape: [1, 4, 4] } },
      target: { stripes: { shape: [], dtype: 'int32' }, parity: { shape: [], dtype: 'int32' } },
      loss: (output, target: Heads) =>
        add(
          crossEntropy().compute(output.stripes, target.stripes),
          crossEntropy().compute(output.parity, target.parity),
        ),
      optimizer: sgd({ learningRate: 0.3, momentum: 0.9 }),
      metrics: { stripes: (output, target) => accuracy()(output.stripes, target.stripes) },
    });

  it('train together and predict by name', async () => {
    const net = twoEyes();
    const right = Float32Array.from({ length: 6 * 16 }, (_, i) => (Math.floor(i / 16) % 2 ? 1 : -1));
    const parity = Int32Array.from({ length: 6 }, (_, i) => i % 2);
    const inputs = { left: x, right };
    const losses: number[] = [];
    for (let step = 0; step < 60; step++) {
      losses.push((await net.train(inputs, { stripes: y, parity })).loss);
    }
    expect(losses[0]).toBeGreaterThan(1.5);
    expect(losses.at(-1)).toBeLessThan(0.2);
    const { stripes, parity: even } = await net.predict(inputs);
    expect([stripes.shape, even.shape]).toEqual([
      [6, CLASSES],
      [6, 2],
    ]);
    const { metrics, output, loss } = await net.evaluate(inputs, { stripes: y, parity });
    expect(metrics).toEqual({ stripes: 1 });
    expect(output.stripes).toEqual(stripes);
    expect(loss).toBeLessThan(0.2);
  });

  it('are reported by name if missing', async () => {
    const net = twoEyes();
    await expect(
      net.predict({ left: x } as { left: Float32Array; right: Float32Array }),
    ).rejects.toMatchObject({
      code: 'ERR_INPUT_NAME',
      message: 'predict: expected input.left, input.right but received input.left',
    });
    const right = new Float32Array(5 * 16);
    await expect(net.predict({ left: x, right })).rejects.toThrow('received 6 and 5 of input.right');
  });
});

describe('features', () => {
  it('are the outputs of layers, in one run that stops after the last of them', async () => {
    const net = session();
    const { bn, pool } = await net.features(x, ['bn', 'pool']);
    expect(bn.shape).toEqual([6, 8, SIDE, SIDE]);
    expect(pool.shape).toEqual([6, 8]);
    const [sample, channel] = [2, 3];
    let sum = 0;
    for (let pixel = 0; pixel < SIDE ** 2; pixel++)
      sum += bn.data[(sample * SIDE ** 2 + pixel) * 8 + channel] ?? 0;
    expect(pool.data[sample * 8 + channel]).toBeCloseTo(sum / SIDE ** 2, 5);
    const { fc } = await net.features(x, ['fc']);
    expect(fc).toEqual(await net.predict(x));
  });
});

describe('freezing', () => {
  it('keeps parameters unchanged, without gradient or optimizer state', async () => {
    const [whole, head] = [session(), session({ freeze: ['conv', 'bn'] })];
    const before = clone(head);
    await head.train(x, y);
    const after = clone(head);
    for (const name of ['conv.weight', 'bn.weight', 'bn.bias'])
      expect(after.get(name)).toEqual(before.get(name));
    for (const name of ['fc.weight', 'fc.bias', 'bn.running_mean']) {
      expect(after.get(name)).not.toEqual(before.get(name));
    }
    const [all, some] = [whole.plan({ train: 6 }), head.plan({ train: 6 })];
    const slots = (plan: typeof all) =>
      plan.raw.graph.states.filter(({ kind }) => kind === 'optimizer').length;
    expect([slots(all), slots(some)]).toEqual([5, 2]);
    expect(some.raw.bytes.optimizer).toBeLessThan(all.raw.bytes.optimizer);
    expect(some.bytes).toBeLessThan(all.bytes);
    expect(some.raw.graph.nodes.map(({ op }) => op)).not.toContain('conv2d_backward_weights');
    expect(head.plan({ predict: 6 }).raw.arenaBytes).toBeLessThanOrEqual(some.raw.arenaBytes);
  });

  it('accepts a predicate, and still trains layers before a frozen one', async () => {
    const net = session({ freeze: (path) => path.startsWith('fc') });
    const before = clone(net);
    await net.train(x, y);
    const after = clone(net);
    expect(after.get('fc.weight')).toEqual(before.get('fc.weight'));
    expect(after.get('conv.weight')).not.toEqual(before.get('conv.weight'));
  });

  it('keeps running statistics, of all layers or of some', async () => {
    for (const frozenStatistics of [true, ['bn'], (path: string) => path === 'bn'] as const) {
      const net = session({ frozenStatistics });
      const before = clone(net);
      const { loss } = await net.train(x, y);
      const after = clone(net);
      for (const name of ['bn.running_mean', 'bn.running_var', 'bn.num_batches_tracked']) {
        expect(after.get(name)).toEqual(before.get(name));
      }
      expect(after.get('bn.weight')).not.toEqual(before.get('bn.weight'));
      expect(loss).toBeCloseTo((await session().evaluate(x, y)).loss, 6);
    }
  });
});

describe('groups of parameters', () => {
  const still = () => ({ optimizer: sgd({ learningRate: 0.5 }) });

  it('can have their own learning rates, which the rate of a step scales', async () => {
    const [plain, grouped] = [
      session(still()),
      session({ ...still(), groups: [{ parameters: ['fc'], learningRate: 0.125 }] }),
    ];
    const start = clone(plain);
    await plain.train(x, y, { rate: 0.5 });
    await grouped.train(x, y, { rate: 0.5 });
    const [one, other] = [clone(plain), clone(grouped)];
    expect(other.get('conv.weight')).toEqual(one.get('conv.weight'));
    const moved = (state: typeof one, name: string) =>
      Number(state.get(name)?.[0]) - Number(start.get(name)?.[0]);
    expect(moved(other, 'fc.weight')).toBeCloseTo(moved(one, 'fc.weight') / 4, 6);
  });

  it('can have their own weight decay', async () => {
    const groups = [
      { parameters: ['*.bias', 'bn'], weightDecay: 0 },
      { parameters: ['fc'], weightDecay: 0.1 },
    ];
    const [plain, grouped] = [session(still()), session({ ...still(), groups })];
    const start = clone(plain);
    await plain.train(x, y);
    await grouped.train(x, y);
    const [one, other] = [clone(plain), clone(grouped)];
    for (const name of ['conv.weight', 'fc.bias', 'bn.weight'])
      expect(other.get(name)).toEqual(one.get(name));
    const decayed = Number(one.get('fc.weight')?.[0]) - 0.5 * 0.1 * Number(start.get('fc.weight')?.[0]);
    expect(other.get('fc.weight')?.[0]).toBeCloseTo(decayed, 6);
  });
});

describe('layer decay', () => {
  const still = () => ({ optimizer: sgd({ learningRate: 0.5 }) });

  /** How far a step moves a parameter, relative to its move without layer decay. */
  async function ratios(
    make: (layerDecay?: number | LayerDecay) => Pick<Session, 'train' | 'state'>,
    decay: number | LayerDecay,
  ) {
    const [plain, decayed] = [make(), make(decay)];
    const start = clone(plain);
    const losses = [await plain.train(x, y), await decayed.train(x, y)].map(({ loss }) => loss);
    expect(losses[0]).toBe(losses[1]);
    const [one, other] = [clone(plain), clone(decayed)];
    const numbers = (state: typeof one, name: string) => [...(state.get(name) ?? [])].map(Number);
    const moved = (state: typeof one, name: string) =>
      Math.hypot(...numbers(state, name).map((v, i) => v - (numbers(start, name)[i] ?? Number.NaN)));
    return (name: string) => moved(other, name) / moved(one, name);
  }

  it('applies to the listed layers; other parameters keep the full rate', async () => {
    const ratio = await ratios((layerDecay) => session({ ...still(), layerDecay }), {
      factor: 0.5,
      layers: [['conv'], (path) => path.startsWith('bn.')],
    });
    expect(ratio('conv.weight')).toBeCloseTo(0.25, 5);
    expect(ratio('bn.bias')).toBeCloseTo(0.5, 5);
    expect(ratio('fc.weight')).toBeCloseTo(1, 5);
  });

  it('applies from block to block, and multiplies the rates of groups', async () => {
    const blocks = () =>
      new Sequential({
        stem: new Conv2d(1, 4, 3, { padding: 1 }),
        layer1: new Sequential({ conv: new Conv2d(4, 4, 3, { padding: 1 }), bn: new InPlaceABN(4) }),
        layer2: new Sequential({ 0: new Conv2d(4, 4, 3, { padding: 1 }), 1: new Conv2d(4, 4, 1) }),
        pool: new GlobalAvgPool2d(),
        fc: new Linear(4, CLASSES),
      });
    const ratio = await ratios(
      (layerDecay) =>
        new Session(blocks(), {
          input: { shape: [1, SIDE, SIDE] },
          loss: crossEntropy(),
          ...still(),
          // Only the session with layer decay has groups, so the ratios show both.
          groups: layerDecay === undefined ? [] : [{ parameters: ['*.bias'], learningRate: 0.25 }],
          layerDecay,
        }),
      0.75,
    );
    expect(ratio('fc.weight')).toBeCloseTo(1, 4);
    expect(ratio('fc.bias')).toBeCloseTo(0.5, 4);
    // layer2.1 is nearest to the classifier, then layer2.0, layer1 and the stem.
    expect(ratio('layer2.1.weight')).toBeCloseTo(0.75, 4);
    expect(ratio('layer2.0.weight')).toBeCloseTo(0.75 ** 2, 4);
    expect(ratio('layer1.conv.weight')).toBeCloseTo(0.75 ** 3, 4);
    expect(ratio('layer1.bn.bias')).toBeCloseTo(0.5 * 0.75 ** 3, 4);
    expect(ratio('stem.weight')).toBeCloseTo(0.75 ** 4, 4);
  });
});

describe('metrics', () => {
  it('are computed with the loss, and averaged by fit', async () => {
    const net = new Session(network(), {
      input: { shape: [1, SIDE, SIDE] },
      loss: crossEntropy(),
      optimizer: sgd({ learningRate: 0.5, momentum: 0.9 }),
      metrics: {
        top1: accuracy(),
        top3: accuracy({ top: 3 }),
        loss2: (o, t) => crossEntropy().compute(o, t),
      },
    });
    const { metrics, loss } = await net.train(x, y);
    expect(metrics.top3).toBe(1);
    expect(metrics.loss2).toBe(loss);
    expect([0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1]).toContain(metrics.top1);
    const seen: number[] = [];
    await net.fit([batchOf(6), batchOf(9)], {
      epochs: 12,
      validation: [batchOf(6, 50)],
      callbacks: [
        {
          onEpoch: ({ metrics: { top1 }, validation }) => {
            seen.push(top1);
            expect(validation?.metrics.top3).toBe(1);
          },
        },
      ],
    });
    expect(seen.at(-1)).toBeGreaterThan(0.9);
  });
});

it('the layers of a frozen network keep nothing for a backward pass', () => {
  const deep = () =>
    new Sequential({
      body: new Sequential({
        conv1: new Conv2d(1, 16, 3, { padding: 1, bias: false }),
        bn1: new InPlaceABN(16),
        conv2: new Conv2d(16, 16, 3, { padding: 1, bias: false }),
        bn2: new InPlaceABN(16),
      }),
      pool: new GlobalAvgPool2d(),
      fc: new Linear(16, CLASSES),
    });
  const plan = (options: { freeze?: string[]; frozenStatistics?: true }) =>
    new Session(deep(), {
      input: { shape: [1, SIDE, SIDE] },
      loss: crossEntropy(),
      optimizer: sgd({ learningRate: 0.1 }),
      ...options,
    }).plan({ train: 16 });
  const frozen = plan({ freeze: ['body'], frozenStatistics: true });
  expect(frozen.raw.bytes.activations).toBeLessThan(0.8 * plan({}).raw.bytes.activations);
  expect(
    frozen.raw.graph.nodes.filter(({ phase, path }) => phase === 'backward' && path.startsWith('body')),
  ).toEqual([]);
});
