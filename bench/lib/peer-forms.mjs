// @ts-check
// Every PyTorch of IABN_BENCH_PYTHON in several forms, such as memory formats, one process each.
import { Peer, PeerError, pythons } from './peer.mjs';

/** @typedef {{ title: string, args: readonly string[] }} Form  with the arguments that a peer takes for it */
/** @typedef {{ title: string, peer: Peer }} Started */
/** @typedef {{ title: string, reason: string }} Refused */

/**
 * Starts bench/peers/SCRIPT in all forms. One that cannot run is refused, with its reason.
 * @param {string} script
 * @param {readonly (string | number)[]} common  arguments of all forms
 * @param {readonly Form[]} forms
 * @param {(line: string) => void} say
 */
export async function startForms(script, common, forms, say) {
  /** @type {Started[]} */
  const started = [];
  /** @type {Refused[]} */
  const refused = [];
  for (const python of pythons()) {
    let pytorch = `PyTorch of ${python}`;
    for (const { title, args } of forms) {
      try {
        const peer = await Peer.start(script, [...common, ...args], { python });
        pytorch = peer.pytorch;
        started.push({ title: `${pytorch} ${title}`, peer });
      } catch (error) {
        if (!(error instanceof PeerError)) {
          await stopForms(started);
          throw error;
        }
        say(`${pytorch} ${title}: ${error.message}`);
        refused.push({ title: `${pytorch} ${title}`, reason: error.message });
      }
    }
  }
  return { started, refused };
}

/** @param {readonly Started[]} started */
export async function stopForms(started) {
  await Promise.all(started.map(({ peer }) => peer.stop()));
}
