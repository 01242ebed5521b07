// @ts-check
// The cost of the same bits for any number of processes: ResNet-50's training step on one process in a fixed
// number of shards, in turn with the step that computes on the whole batch at once.
import { cpu } from '@inplace-abn/core';
import { ratioRow, rowsInTurn } from '../lib/pairs.mjs';
import { PRECISIONS, resnet50Config, trainerOf } from '../lib/training.mjs';
import { secondsOf } from '../lib/turns.mjs';

const CROP = 224;
const name = 'deterministic-world';

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 5, batch = 16, say }) {
  /** @type {import('../lib/suites.mjs').Row[]} */
  const rows = [];
  for (const precision of PRECISIONS) {
    const whole = trainerOf(resnet50Config(batch, precision, CROP, 'inplace'), cpu())();
    for (const shards of [2, 8]) {
      const config = resnet50Config(batch, precision, CROP, 'sync');
      config.deterministic_world = shards;
      const divided = trainerOf(config, cpu())();
      const variant = `resnet50, ${precision}, batch ${batch} in ${shards} shards`;
      const sides = [{ variant, run: () => secondsOf(divided.step) }];
      const options = { name, unit: 's', warmUp: 1, rounds: steps, say };
      rows.push(...(await rowsInTurn(sides, () => secondsOf(whole.step), options)));
      const [own = 0, other = 0] = [divided, whole].map(({ engine }) => engine.plan.arenaBytes / 1e6);
      rows.push(ratioRow({ name, variant: `${variant}, arena`, unit: 'MB' }, own, other));
    }
  }
  return rows;
}
