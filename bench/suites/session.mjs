// @ts-check
// The cost of a Session: the time of a training step against the same step traced by hand, in turn; resident
// growth against the plan; and the growth over many steps with seven batch sizes.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { samplesOf, sessionOf, stepByHand } from '../lib/own-network.mjs';
import { ratioRow } from '../lib/pairs.mjs';
import { describe, median } from '../lib/stats.mjs';
import { secondsOf, takeTurns } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */

const CHILD = fileURLToPath(new URL('../lib/session-child.mjs', import.meta.url));
const SIDE = 64;
const MEGABYTE = 1e6;
const ROUNDS_OF_SIZES = 1000;

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 20, batch = 64, say }) {
  const variant = `own network, float32, batch ${batch}`;
  const time = await compareTime(batch, steps, say);
  const plan = measure('plan', batch, 3);
  const sizes = measure('sizes', Math.min(batch, 21), ROUNDS_OF_SIZES);
  const grown = (plan.growth / plan.planned - 1) * 100;
  say(`resident growth is ${grown.toFixed(1)} % above the plan`);
  say(`${ROUNDS_OF_SIZES} steps over 7 batch sizes added ${(sizes.growth / MEGABYTE).toFixed(1)} MB`);
  return [
    row(`${variant}, time of a step vs a trace by hand`, time.ours, time.theirs, 's'),
    row(`${variant}, resident over plan`, plan.growth / MEGABYTE, plan.planned / MEGABYTE, 'MB'),
    row(
      'growth of 1,000 steps over 7 batch sizes over plan',
      sizes.growth / MEGABYTE,
      sizes.planned / MEGABYTE,
      'MB',
    ),
  ];
}

/**
 * @param {number} batch
 * @param {number} steps
 * @param {(line: string) => void} say
 */
async function compareTime(batch, steps, say) {
  const { x, y } = samplesOf(batch, SIDE);
  const session = sessionOf(SIDE);
  const byHand = stepByHand(batch, SIDE);
  const turns = [async () => (await session.train(x, y)).loss, () => byHand(x, y)];
  /** @type {number[][]} */
  const losses = [[], []];
  const contenders = turns.map(
    (step, index) => () => secondsOf(async () => losses[index]?.push(await step())),
  );
  const [ours = [], theirs = []] = await takeTurns(contenders, { warmUp: 2, rounds: steps });
  const same = JSON.stringify(losses[0]) === JSON.stringify(losses[1]);
  say(
    `Session ${describe(ours, 's')}, by hand ${describe(theirs, 's')}; losses ${same ? 'the same, bit for bit' : 'differ'}`,
  );
  return { ours: median(ours), theirs: median(theirs) };
}

/**
 * @param {'plan' | 'sizes'} what
 * @param {number} batch
 * @param {number} steps
 * @returns {{ growth: number, planned: number }}
 */
function measure(what, batch, steps) {
  const side = what === 'plan' ? SIDE : SIDE / 4;
  const args = ['--expose-gc', CHILD, what, String(batch), String(side), String(steps)];
  return JSON.parse(
    execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }),
  );
}

/**
 * @param {string} variant
 * @param {number} ours
 * @param {number} peer
 * @param {string} unit
 * @returns {Row}
 */
function row(variant, ours, peer, unit) {
  return ratioRow({ name: 'session', variant, unit }, ours, peer);
}
