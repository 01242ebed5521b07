// @ts-check
// One rank of the data-parallel bench: data-parallel-rank.mjs STEPS BATCH [LINK]. Rank 0 prints a line of
// JSON.
import { readFileSync } from 'node:fs';
import { bucketsOf, initProcessGroup } from '@inplace-abn/comm';
import { cpu, gradients, trace } from '@inplace-abn/core';
import { parametersIn } from '@inplace-abn/nn';
import { Engine, initialStateOf, networkOf, taskOf } from '@inplace-abn/recipes';
import { ALONE, peersOf } from '@inplace-abn/train';
import { randomBatch, resnet50Config } from './training.mjs';

const [steps = 3, batch = 4] = process.argv.slice(2, 4).map(Number);
const link = process.argv[4];
const WARM_UP = 1;
const SYNC = process.env.BENCH_BN_MODE === 'sync';

const processes = await initProcessGroup();
if (!processes) throw new Error('this is a rank of a benchmark: npm run bench -- data-parallel');
const { group } = processes;
const config = resnet50Config(batch * group.size, 'float32', 224, SYNC ? 'sync' : 'inplace');
const own = { ...config, optimizer: { ...config.optimizer, batch_size: batch } };

/** Sizes of the gradient buckets in bytes, as they are sent. */
function bucketBytes() {
  const { objective } = taskOf(own);
  let sizes = [0];
  trace((tracer) => {
    const network = networkOf(own.network);
    const x = tracer.input('x', [batch, 3, 224, 224], 'float32');
    const logits = network.call(x, { training: true });
    const shape = { batch, crop: 224 };
    const { loss } = objective.training(logits, objective.labels(tracer, shape), shape, {});
    const found = gradients(loss, [...parametersIn(loss).values()]).filter((value) => value !== null);
    sizes = bucketsOf(found).map((bucket) =>
      bucket.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0),
    );
    return {};
  });
  return sizes;
}

/** @param {typeof ALONE} peers */
function engineFor(peers) {
  const engine = new Engine({
    device: cpu(),
    config: peers.size > 1 ? config : own,
    evaluationBatches: [],
    peers,
  });
  engine.load(initialStateOf(engine.network, config.network, config.seed));
  const images = randomBatch(batch, 224);
  let update = 0;
  return async () => {
    update += 1;
    await engine.train(images, { rates: { base: 0.01, classifier: 0.01 }, update, seed: update });
  };
}

/**
 * Seconds per turn; all ranks start together.
 * @param {() => Promise<unknown>} turn
 */
async function measure(turn) {
  const seconds = [];
  for (let i = 0; i < WARM_UP + steps; i++) {
    await group.barrier();
    const start = performance.now();
    await turn();
    const own = (performance.now() - start) / 1000;
    // The slowest rank counts.
    const all = await group.gatherValues(own);
    if (i >= WARM_UP) seconds.push(Math.max(...all));
  }
  return seconds;
}

const sent = () =>
  link ? Number(readFileSync(`/sys/class/net/${link}/statistics/tx_bytes`, 'utf8')) : Number.NaN;

const buckets = bucketBytes();
const arrays = buckets.map((bytes) => new Float32Array(bytes / 4));
const computation = await measure(engineFor(ALONE));
const communication = await measure(async () => {
  for (const array of arrays) await group.allReduce(array);
});
const step = engineFor(peersOf(processes));
await step();
const before = sent();
const together = await measure(step);
const bytes = (sent() - before) / (WARM_UP + steps);
const gradientBytes = buckets.reduce((a, b) => a + b, 0);
if (group.rank === 0) {
  process.stdout.write(`${JSON.stringify({ computation, communication, together, bytes, gradientBytes })}\n`);
}
await processes.close();
