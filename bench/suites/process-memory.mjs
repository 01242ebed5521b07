// @ts-check
// Peak resident memory of the program that trains, from its start to its end, compared with the memory that
// `plan` expects of the process: a network of each family of the zoo, in both precisions.
import { networksOf } from '../lib/networks.mjs';
import { ratioRow } from '../lib/pairs.mjs';
import { processMemoryOf } from '../lib/process-memory.mjs';
import { PRECISIONS } from '../lib/training.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */

const MEGABYTE = 1e6;

/** Networks, each with a batch for two cores. */
const ZOO = [
  { arch: 'resnet18', batch: 32 },
  { arch: 'resnet50', batch: 16 },
  { arch: 'resnext101', batch: 8 },
  { arch: 'densenet121', batch: 16 },
  { arch: 'wider_resnet38', batch: 8 },
  { arch: 'tresnet_m', batch: 16 },
];

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run(options) {
  const { onRows, say } = options;
  /** @type {Row[]} */
  const rows = [];
  for (const network of networksOf(options, ZOO)) {
    for (const precision of PRECISIONS) {
      const row = await measure({ ...network, precision }, say);
      onRows?.([row]);
      rows.push(row);
    }
  }
  return rows;
}

/**
 * @param {{ arch: string, batch: number, precision: import('../lib/training.mjs').Precision }} what
 * @param {(line: string) => void} say
 * @returns {Promise<Row>}
 */
async function measure(what, say) {
  const { peak, expected, most } = await processMemoryOf(what);
  const variant = `${what.arch}, ${what.precision}, batch ${what.batch}, process over plan`;
  const [ours, peer] = [peak / MEGABYTE, expected / MEGABYTE];
  say(`${variant}: ${ours.toFixed(0)} of ${peer.toFixed(0)} MB, at most ${(most / MEGABYTE).toFixed(0)} MB`);
  return ratioRow({ name: 'process-memory', variant, unit: 'MB' }, ours, peer);
}
