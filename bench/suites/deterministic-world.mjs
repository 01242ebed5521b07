// @ts-check
// The cost of the same bits for any number of processes: ResNet-50's training step on one process in a fixed
// number of shards, in turn with the step that computes on the whole batch at once.
import { cpu } from '@inplace-abn/core';
import { ratioRow } from '../lib/pairs.mjs';
import { describe, median } from '../lib/stats.mjs';
import { PRECISIONS, resnet50Config, trainerOf } from '../lib/training.mjs';
import { secondsOf, takeTurns } from '../lib/turns.mjs';

const CROP = 224;

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
      const contenders = [divided, whole].map(
        ({ step }) =>
          () =>
            secondsOf(step),
      );
      const [ours = [], theirs = []] = await takeTurns(contenders, { warmUp: 1, rounds: steps });
      const variant = `resnet50, ${precision}, batch ${batch} in ${shards} shards`;
      say(`${variant}: ${describe(ours, 's')}, at once ${describe(theirs, 's')}`);
      rows.push(rowOf(variant, median(ours), median(theirs), 's'));
      const [own, other] = [divided, whole].map(({ engine }) => engine.plan.arenaBytes / 1e6);
      rows.push(rowOf(`${variant}, arena`, own ?? 0, other ?? 0, 'MB'));
    }
  }
  return rows;
}

/**
 * @param {string} variant
 * @param {number} ours
 * @param {number} peer
 * @param {string} unit
 * @returns {import('../lib/suites.mjs').Row}
 */
function rowOf(variant, ours, peer, unit) {
  return ratioRow({ name: 'deterministic-world', variant, unit }, ours, peer);
}
