// @ts-check
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('memory-child.mjs', import.meta.url));

/**
 * Resident growth of our training step in a process of its own. `weights` are the bytes of parameters and
 * momenta, `ordinary` those of the activations of ordinary batch norm.
 * @param {{ arch: string, batch: number, precision: string }} what
 * @param {number} steps
 * @param {'training' | 'fine-tuning'} [kind]
 * @returns {{ growth: number, planned: number, weights: number, ordinary: number }}
 */
export function memoryOf({ arch, batch, precision }, steps, kind = 'training') {
  const args = ['--expose-gc', CHILD, arch, String(batch), precision, String(steps), kind];
  const output = execFileSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output);
}
