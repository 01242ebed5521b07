// @ts-check
// The cost of a Session: the time of a training step against the same step traced by hand, in turn; resident
// growth against the plan; and the growth over many steps with seven batch sizes.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { samplesOf, sessionOf, stepByHand } from '../lib/own-network.mjs';
import { ratioRow, rowsInTurn } from '../lib/pairs.mjs';
import { secondsOf } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */

const CHILD = fileURLToPath(new URL('../lib/session-child.mjs', import.meta.url));
const SIDE = 64;
const MEGABYTE = 1e6;
const ROUNDS_OF_SIZES = 1000;

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 20, batch = 64, say }) {
  const variant = `own network, float32, batch ${batch}`;
  const times = await compareTime(`${variant}, time of a step vs a trace by hand`, { batch, steps, say });
  const plan = measure('plan', batch, 3);
  const sizes = measure('sizes', Math.min(batch, 21), ROUNDS_OF_SIZES);
  const grown = (plan.growth / plan.planned - 1) * 100;
  say(`resident growth is ${grown.toFixed(1)} % above the plan`);
  say(`${ROUNDS_OF_SIZES} steps over 7 batch sizes added ${(sizes.growth / MEGABYTE).toFixed(1)} MB`);
  return [
    ...times,
    memoryRow(`${variant}, resident over plan`, plan),
    memoryRow('growth of 1,000 steps over 7 batch sizes over plan', sizes),
  ];
}

/**
 * @param {string} variant
 * @param {{ batch: number, steps: number, say: (line: string) => void }} options
 */
async function compareTime(variant, { batch, steps, say }) {
  const { x, y } = samplesOf(batch, SIDE);
  const session = sessionOf(SIDE);
  const byHand = stepByHand(batch, SIDE);
  /** @type {[number[], number[]]} */
  const [own, others] = [[], []];
  const run = () => secondsOf(async () => own.push((await session.train(x, y)).loss));
  const peer = () => secondsOf(async () => others.push(await byHand(x, y)));
  const options = { name: 'session', unit: 's', warmUp: 2, rounds: steps, say };
  const rows = await rowsInTurn([{ variant, run }], peer, options);
  say(`losses ${JSON.stringify(own) === JSON.stringify(others) ? 'the same, bit for bit' : 'differ'}`);
  return rows;
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
 * @param {{ growth: number, planned: number }} bytes
 */
function memoryRow(variant, { growth, planned }) {
  return ratioRow({ name: 'session', variant, unit: 'MB' }, growth / MEGABYTE, planned / MEGABYTE);
}
