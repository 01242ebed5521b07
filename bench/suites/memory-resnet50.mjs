// @ts-check
// Resident growth of a ResNet-50 trainer over what the plan says (arena and store), and beside PyTorch's growth for
// the same step. Each trainer runs in a process of its own.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cpu } from '@inplace-abn/core';
import { Peer } from '../lib/peer.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('../lib/training.mjs').Precision} Precision */

const CHILD = fileURLToPath(new URL('../lib/memory-child.mjs', import.meta.url));
const MEGABYTE = 1e6;

/** @type {readonly Precision[]} */
const PRECISIONS = ['float32', 'bfloat16'];

/** @param {import('../lib/suites.mjs').BenchOptions} options */
export async function run({ steps = 3, batch = 16, say }) {
  /** @type {Row[]} */
  const rows = [];
  for (const precision of PRECISIONS) {
    const refusal = cpu().refuses(precision);
    if (refusal) {
      say(`${precision}: not measured: ${refusal}`);
      continue;
    }
    const { growth, planned } = measureOurs(batch, precision, steps);
    const variant = `${precision}, batch ${batch}`;
    rows.push(row(`${variant}, resident over plan`, growth, planned));
    rows.push(
      row(`${variant}, resident beside PyTorch`, growth, await measurePeer(batch, precision, steps, say)),
    );
  }
  return rows;
}

/**
 * @param {string} variant
 * @param {number} ours
 * @param {number} peer
 * @returns {Row}
 */
function row(variant, ours, peer) {
  const [a, b] = [ours / MEGABYTE, peer / MEGABYTE];
  return { name: 'memory-resnet50', variant, ours: a, peer: b, ratio: a / b, unit: 'MB' };
}

/**
 * @param {number} batch
 * @param {Precision} precision
 * @param {number} steps
 * @returns {{ growth: number, planned: number }}
 */
function measureOurs(batch, precision, steps) {
  const args = ['--expose-gc', CHILD, String(batch), precision, String(steps)];
  const output = execFileSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output);
}

/**
 * @param {number} batch
 * @param {Precision} precision
 * @param {number} steps
 * @param {(line: string) => void} say
 */
async function measurePeer(batch, precision, steps, say) {
  const args = ['--batch', batch, '--threads', cpu().threads, '--dtype', precision];
  const peer = await Peer.start('train_resnet50.py', args);
  try {
    say(`${precision}: ${peer.versions}`);
    let peak = 0;
    for (let done = 0; done < steps; done++) peak = await peer.ask('step', 'peakRssBytes');
    return peak - Number(peer.ready.rssAtStartBytes);
  } finally {
    await peer.stop();
  }
}
