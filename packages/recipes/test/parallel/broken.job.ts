/** An engine as one rank of a group in which one rank computes a value that is not finite. */
import { createHash } from 'node:crypto';
import type { Processes } from '@inplace-abn/comm';
import { cpu } from '@inplace-abn/core';
import { Engine, initialStateOf, type TrainConfig } from '@inplace-abn/recipes';
import { peersOf } from '@inplace-abn/train';

export interface BrokenJob {
  readonly config: TrainConfig;
  /** Of the rank that goes wrong. */
  readonly broken: number;
  readonly layer: string;
  readonly batch: Parameters<Engine['train']>[0];
}

const RATES = { base: 0.01, classifier: 0.01 };

export default async function brokenJob(processes: Processes, { config, broken, layer, batch }: BrokenJob) {
  const peers = peersOf(processes);
  const engine = new Engine({ device: cpu(), config, evaluationBatches: [], peers });
  engine.load(initialStateOf(engine.network, config.network, 1));
  const weight = engine.store.read(`${layer}.weight`).data;
  const hash = () =>
    createHash('sha256').update(engine.store.memory.read(0, engine.store.bytes)).digest('hex');
  const step = (update: number) =>
    engine.train({ ...batch, release() {} }, { rates: RATES, update, seed: update });
  const first = await step(1);
  const good = engine.store.read(`${layer}.weight`).data;
  if (peers.rank === broken)
    engine.store.write(`${layer}.weight`, new Float32Array(weight.length).fill(Number.NaN));
  const before = hash();
  const failure = await step(2).then(
    () => 'none',
    (error: Error) => `${error.name}: ${error.message}`,
  );
  const untouched = hash() === before;
  engine.store.write(`${layer}.weight`, good);
  const again = await step(2);
  return { losses: [first.loss, again.loss], failure, untouched };
}
