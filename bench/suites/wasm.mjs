// @ts-check
// A training step in WebAssembly and natively, in turn: CPU time on one thread, and the time on several
// threads compared with one. Needs the addon in WebAssembly (npm run wasm).
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { rowsInTurn } from '../lib/pairs.mjs';
import { Peer, PeerError } from '../lib/peer.mjs';

const WASM = fileURLToPath(new URL('../../native/build-wasm/inplace_abn.wasm', import.meta.url));
const SIDE = 32;
/** The engine optimizes WebAssembly while it runs. */
const WARM_UP = 4;

/** @typedef {import('../lib/suites.mjs').Row} Row */

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 20, batch = 16, say }) {
  if (!existsSync(WASM)) throw new PeerError('there is no addon in WebAssembly: npm run wasm');
  const several = Math.max(2, availableParallelism());
  const start = (/** @type {number} */ threads, /** @type {string | undefined} */ addon) => {
    const env = { ...process.env, IABN_ADDON: addon, OMP_NUM_THREADS: String(threads) };
    return Peer.start('session_step.mjs', ['--batch', batch, '--side', SIDE], { env });
  };
  const [one, native] = [await start(1, WASM), await start(1, undefined)];
  const many = await start(several, WASM);
  const network = `own network, float32, batch ${batch} of ${SIDE}×${SIDE}`;
  const options = { name: 'wasm', unit: 's', warmUp: WARM_UP, rounds: steps, say };
  /** @type {(what: string, ours: Peer, peer: Peer, key: 'cpu' | 'seconds') => Promise<Row[]>} */
  const compare = (what, ours, peer, key) => {
    const sides = [{ variant: `${network}, ${what}`, run: () => ours.ask('step', key) }];
    return rowsInTurn(sides, () => peer.ask('step', key), options);
  };
  try {
    return [
      ...(await compare('CPU time of a step on one thread vs native', one, native, 'cpu')),
      ...(await compare(`time of a step on ${several} threads vs one`, many, one, 'seconds')),
    ];
  } finally {
    await Promise.all([one, native, many].map((peer) => peer.stop()));
  }
}
