// @ts-check
// One rank of the scaling bench: scaling-rank.mjs SETTINGS. Times the instructions of its part of the step,
// predicts the step, and runs it. Rank 0 prints a line of JSON.
import { initProcessGroup } from '@inplace-abn/comm';
import { cpu } from '@inplace-abn/core';
import {
  asMeasured,
  Engine,
  initialStateOf,
  measurePrograms,
  paperSteps,
  proportions,
  scalingReport,
  sharedConfig,
} from '@inplace-abn/recipes';
import { peersOf } from '@inplace-abn/train';
import { networkConfig, randomBatch } from './training.mjs';

/** @typedef {import('./scaling.mjs').Settings} Settings */

const WARM_UP = 2;
/** Between processes of a host: next to nothing compared with the links of the cases. */
const LOOPBACK = { bandwidth: 1e9, latency: 5e-5 };
/** @type {Settings} */
const { arch, mode, batch, crop, link, steps, perNode, topology } = JSON.parse(process.argv[2] ?? '{}');

const processes = await initProcessGroup();
if (!processes) throw new Error('this is a rank of a benchmark: npm run bench -- scaling');
const { group } = processes;
const config = networkConfig(arch, batch, 'float32', crop, mode);

/**
 * Predicts the step from the times of this process's instructions, measured while the others compute, too.
 */
async function predicted() {
  const cluster = {
    nodes: group.size / perNode,
    perNode,
    between: link,
    within: LOOPBACK,
    topology,
  };
  const options = { cluster, batch, device: cpu() };
  const paper = paperSteps(config, options);
  await group.barrier();
  const measured = await measurePrograms(paper.among, config);
  return scalingReport(config, options, paper, asMeasured(measured, proportions(6), 'measured')).timeline;
}

/** Seconds of each step: the slowest rank counts. */
async function made() {
  const peers = peersOf(processes);
  const shared = sharedConfig(config, batch, group.size);
  const engine = new Engine({ device: cpu(), config: shared, evaluationBatches: [], peers });
  engine.load(initialStateOf(engine.network, shared.network, shared.seed));
  const images = randomBatch(batch, crop);
  const seconds = [];
  for (let step = 0; step < WARM_UP + steps; step++) {
    await group.barrier();
    const start = performance.now();
    await engine.train(images, { rates: { base: 0.01, classifier: 0.01 }, update: step + 1, seed: step });
    const all = await group.gatherValues((performance.now() - start) / 1000);
    if (step >= WARM_UP) seconds.push(Math.max(...all));
  }
  return seconds;
}

const timelines = await group.gatherValues(await predicted());
const together = await made();
if (group.rank === 0) {
  // All wait for the slowest.
  const [slowest] = timelines.sort((a, b) => b.seconds - a.seconds);
  const { seconds, computing, exchanging, waiting } = slowest ?? {};
  process.stdout.write(`${JSON.stringify({ seconds, computing, exchanging, waiting, together })}\n`);
}
await processes.close();
