// @ts-check
// The training step on our own kernels alone (`peer` also has oneDNN's), each addon in its own process, in
// turn. The target is at most 1.3 times as long. IABN_BENCH_OWN_KERNELS names the addon without oneDNN; the
// default is that of `cmake --build native/build --target inplace_abn_own_kernels`.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { networksOf } from '../lib/networks.mjs';
import { rowsInTurn } from '../lib/pairs.mjs';
import { Peer, PeerError } from '../lib/peer.mjs';
import { PRECISIONS } from '../lib/training.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */

const BUILT = fileURLToPath(new URL('../../native/build/own-kernels/inplace_abn.node', import.meta.url));

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 5, networks = ['resnet50'], batch: size, say }) {
  const addon = process.env.IABN_BENCH_OWN_KERNELS ?? BUILT;
  if (!existsSync(addon)) {
    throw new PeerError(`there is no ${addon}: cmake --build native/build --target inplace_abn_own_kernels`);
  }
  /** @type {Row[]} */
  const rows = [];
  for (const { arch, batch } of networksOf({ networks, batch: size })) {
    for (const precision of PRECISIONS) {
      const args = ['--arch', arch, '--precision', precision, '--batch', batch, '--side', 224];
      const start = (/** @type {string | undefined} */ path) =>
        Peer.start('session_step.mjs', args, { env: { ...process.env, IABN_ADDON: path } });
      const [own, other] = [await start(addon), await start(undefined)];
      try {
        say(`ours on ${own.ready.machine}; peer on ${other.ready.machine}`);
        if (!String(other.ready.machine).includes('oneDNN'))
          throw new PeerError('the addon of native/build has no oneDNN: there is nothing to compare with');
        const variant = `${arch}, ${precision}, batch ${batch}, our own kernels vs with oneDNN`;
        const sides = [{ variant, run: () => own.ask('step', 'seconds') }];
        const options = { name: 'own-kernels', unit: 's', warmUp: 1, rounds: steps, say };
        rows.push(...(await rowsInTurn(sides, () => other.ask('step', 'seconds'), options)));
      } finally {
        await Promise.all([own.stop(), other.stop()]);
      }
    }
  }
  return rows;
}
