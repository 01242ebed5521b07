// @ts-check
// A training step in WebAssembly and natively, in turn: CPU time on one thread, and the time on several
// threads compared with one. Takes the addon in WebAssembly (npm run wasm).
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ratioRow } from '../lib/pairs.mjs';
import { Peer, PeerError } from '../lib/peer.mjs';
import { describe, median } from '../lib/stats.mjs';
import { takeTurns } from '../lib/turns.mjs';

const WASM = fileURLToPath(new URL('../../native/build-wasm/inplace_abn.wasm', import.meta.url));
const SIDE = 32;
/** The engine optimizes WebAssembly while it runs. */
const WARM_UP = 4;

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 20, batch = 16, say }) {
  if (!existsSync(WASM)) throw new PeerError('there is no addon in WebAssembly: npm run wasm');
  const several = Math.max(2, availableParallelism());
  const start = (/** @type {number} */ threads, /** @type {string | undefined} */ addon) => {
    const env = { ...process.env, IABN_ADDON: addon, OMP_NUM_THREADS: String(threads) };
    return Peer.start('session_step.mjs', ['--batch', batch, '--side', SIDE], { env });
  };
  const peers = [await start(1, WASM), await start(1, undefined), await start(several, WASM)];
  const [one, native, many] = await inTurn(peers, steps);
  for (const peer of peers) await peer.stop();
  if (!one || !native || !many) throw new PeerError('a side has no measurements');
  say(`in WebAssembly ${describe(one.cpu, 's')}, natively ${describe(native.cpu, 's')} of CPU time`);
  const variant = `own network, float32, batch ${batch} of ${SIDE}×${SIDE}`;
  return [
    row(`${variant}, CPU time of a step on one thread vs native`, one.cpu, native.cpu),
    row(`${variant}, time of a step on ${several} threads vs one`, many.seconds, one.seconds),
  ];
}

/**
 * @param {readonly Peer[]} peers
 * @param {number} rounds
 */
async function inTurn(peers, rounds) {
  /** @type {{ cpu: number, seconds: number }[][]} */
  const steps = peers.map(() => []);
  const contenders = peers.map((peer, index) => async () => {
    const step = await peer.fields('step', ['cpu', 'seconds']);
    steps[index]?.push(step);
    return step.cpu;
  });
  await takeTurns(contenders, { warmUp: WARM_UP, rounds });
  return steps.map((all) => {
    const measured = all.slice(WARM_UP);
    return { cpu: measured.map(({ cpu }) => cpu), seconds: measured.map(({ seconds }) => seconds) };
  });
}

/**
 * @param {string} variant
 * @param {readonly number[]} ours
 * @param {readonly number[]} theirs
 * @returns {import('../lib/suites.mjs').Row}
 */
function row(variant, ours, theirs) {
  return ratioRow({ name: 'wasm', variant, unit: 's' }, median(ours), median(theirs));
}
