// @ts-check
// Trains a random network in a number of shards on the first processes of the pool and returns its state.
import { add, concat, cpu } from '@inplace-abn/core';
import {
  Conv2d,
  Dropout,
  GlobalAvgPool2d,
  InPlaceABN,
  InPlaceABNSync,
  Linear,
  MaxPool2d,
  Module,
  Sequential,
} from '@inplace-abn/nn';
import { adamw, lamb, rmsprop, sgd } from '@inplace-abn/optim';
import {
  accuracy,
  bceWithLogits,
  crossEntropy,
  dice,
  focal,
  halved,
  huber,
  l1,
  mse,
  Session,
  softCrossEntropy,
} from '@inplace-abn/session';

const SIDE = 8;
const CLASSES = 5;

/**
 * @typedef {object} Drawn
 * @property {number} world processes
 * @property {number} shards
 * @property {readonly number[]} batches samples of each
 * @property {number} [seed]
 * @property
 * {readonly { kind: 'conv' | 'depthwise' | 'residual' | 'dense' | 'pool' | 'dropout', width: number, activation: 'leaky_relu' | 'elu' | 'identity' }[]} blocks
 * @property {keyof typeof LOSSES} loss
 * @property {keyof typeof OPTIMIZERS} optimizer
 * @property {'float32' | 'bfloat16'} [precision]
 * @property {number} [wide] outputs of a linear layer after the blocks, enough of them for long sums
 * @property {number} [clip]
 * @property {number} [accumulate]
 * @property {boolean} [average]
 * @property {boolean} [mix] whether images are mixed, in a different proportion in each batch
 * @property {number} [bucketSize]
 * @property {boolean} [ownStatistics]
 * @property {boolean} [reversed] whether the first rank has the larger part
 * @property {string} [from] state to start from
 * @property {string} [to] where the state is written
 */

const LOSSES = {
  crossEntropy: () => crossEntropy(),
  ignoring: () => crossEntropy({ ignoreIndex: 1, labelSmoothing: 0.1 }),
  weighted: () => crossEntropy({ classWeights: [0.1, 1.7, 0.3, 2.2, 0.9] }),
  focal: () => focal(),
  dice: () => dice(),
  softCrossEntropy: () => softCrossEntropy(),
  bce: () => bceWithLogits(),
  mse: () => mse(),
  l1: () => l1(),
  huber: () => huber(),
};

const OPTIMIZERS = {
  sgd: () => sgd({ learningRate: 0.1, momentum: 0.9, weightDecay: 1e-3 }),
  adamw: () => adamw({ learningRate: 0.01 }),
  lamb: () => lamb({ learningRate: 0.01 }),
  rmsprop: () => rmsprop({ learningRate: 0.01 }),
};

/** A layer whose output is added to its input, or concatenated with it. */
class Around extends Module {
  /**
   * @param {Module} inner
   * @param {boolean} joins
   */
  constructor(inner, joins) {
    super();
    this.inner = inner;
    this.joins = joins;
  }

  /** @param {import('@inplace-abn/core').Value} x */
  forward(x) {
    const own = this.inner.call(x);
    return this.joins ? concat([x, own]) : add(x, own);
  }
}

/** @param {Drawn} drawn */
function network({ blocks, wide, ownStatistics = false }) {
  /** @type {Record<string, import('@inplace-abn/nn').Module>} */
  const layers = {};
  let channels = 3;
  for (const [index, { kind, width, activation }] of blocks.entries()) {
    if (kind === 'pool') layers[`pool${index}`] = new MaxPool2d({ kernel: 2, stride: 1 });
    else if (kind === 'dropout') layers[`dropout${index}`] = new Dropout(0.3);
    else {
      const out = kind === 'depthwise' || kind === 'residual' ? channels : width;
      const groups = kind === 'depthwise' ? channels : 1;
      const conv = new Conv2d(channels, out, 3, { padding: 1, bias: false, groups });
      const Norm = ownStatistics ? InPlaceABN : InPlaceABNSync;
      const bn = new Norm(out, { activation });
      if (kind === 'residual' || kind === 'dense') {
        layers[`${kind}${index}`] = new Around(new Sequential({ conv, bn }), kind === 'dense');
      } else {
        layers[`conv${index}`] = conv;
        layers[`bn${index}`] = bn;
      }
      channels = kind === 'dense' ? channels + out : out;
    }
  }
  const end = new GlobalAvgPool2d();
  if (wide === undefined) return new Sequential({ ...layers, end, fc: new Linear(channels, CLASSES) });
  return new Sequential({ ...layers, end, wide: new Linear(channels, wide), fc: new Linear(wide, CLASSES) });
}

/** Samples of a batch that are the same on every process. @param {number} size @param {number} seed */
function imagesOf(size, seed) {
  const at = (/** @type {number} */ i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed) * 43758.5453;
  return Float32Array.from({ length: size * 3 * SIDE * SIDE }, (_, i) => at(i) - Math.floor(at(i)) - 0.5);
}

/** @param {number} size @param {number} seed @param {keyof typeof LOSSES} loss */
function targetsOf(size, seed, loss) {
  const label = (/** @type {number} */ i) => (i * 7 + seed * 3) % CLASSES;
  if (['crossEntropy', 'ignoring', 'weighted'].includes(loss)) {
    return Int32Array.from({ length: size }, (_, i) => label(i));
  }
  return Float32Array.from({ length: size * CLASSES }, (_, i) =>
    label(Math.floor(i / CLASSES)) === i % CLASSES ? 0.8 : 0.05,
  );
}

/**
 * @param {{ group: import('@inplace-abn/comm').ProcessGroup } | null} processes
 * @param {Drawn} drawn
 */
export default async function job(processes, drawn) {
  const {
    world,
    shards,
    batches,
    seed = 0,
    precision,
    clip,
    accumulate,
    average,
    mix,
    bucketSize,
    from,
    to,
  } = drawn;
  const ranks = Array.from({ length: world }, (_, rank) => rank);
  const group = world > 1 ? await processes?.group.subgroup(ranks) : undefined;
  if (group === null || (world === 1 && (processes?.group.rank ?? 0) > 0)) return null;
  const integers = targetsOf(1, 0, drawn.loss) instanceof Int32Array;
  /** @type {Record<string, import('@inplace-abn/session').Metric>} */
  const metrics = integers ? { top1: accuracy() } : {};
  const session = new Session(network(drawn), {
    input: { shape: [3, SIDE, SIDE] },
    loss: LOSSES[drawn.loss](),
    metrics,
    optimizer: OPTIMIZERS[drawn.optimizer](),
    deterministicWorld: shards,
    average: average ? { decay: 0.9 } : undefined,
    mix: mix ? { draw: ({ batch }) => ({ lambda: 1 / (batch + 2), box: [0, 0, 0, 0] }) } : undefined,
    gradientNorm: true,
    precision,
    clip,
    accumulate,
    bucketSize,
    seed,
    group,
  });
  if (from !== undefined) await session.loadState(from);
  const results = [];
  for (const [step, size] of batches.entries()) {
    const halves = halved(size, world);
    const parts = drawn.reversed ? halves.toReversed() : halves;
    const begin = parts.slice(0, group?.rank ?? 0).reduce((sum, part) => sum + part, 0);
    const end = begin + (parts[group?.rank ?? 0] ?? 0);
    const x = imagesOf(size, seed + step);
    const y = targetsOf(size, seed + step, drawn.loss);
    const [pixels, wide] = [x.length / size, y.length / size];
    results.push(
      await session.train(x.slice(begin * pixels, end * pixels), y.slice(begin * wide, end * wide)),
    );
  }
  if (to !== undefined) await session.saveState(to);
  return { results, state: session.store.stateDict(), threads: cpu().threads };
}
