// @ts-check
// Compares the losses of ResNet-50 with synchronized statistics over 20 steps in one process and in two.
//   node tools/two-processes/follow.mjs DIR     DIR/train/CLASS and DIR/val/CLASS, such as .cache/fashion-mnist after the demo
// elu with α = 1 and a low learning rate, so that training is smooth. With leaky ReLU 0.01, which has a kink,
// changing the last bit of the weights moves the loss of a single process by 1e-3 within four steps.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../apps/train-imagenet/dist/main.js', import.meta.url));
const STEPS = 20;

const [data] = process.argv.slice(2);
if (!data) throw new Error('usage: follow.mjs DIR');
const folder = mkdtempSync(join(tmpdir(), 'follow-'));
try {
  const config = join(folder, 'config.json');
  writeFileSync(config, JSON.stringify(configFor(readdirSync(join(data, 'train')).length)));
  const [one = [], two = []] = [1, 2].map((nproc) => losses(config, nproc));
  const apart = one.map((loss, step) => Math.abs(loss - (two[step] ?? Number.NaN)));
  for (const [step, loss] of one.entries()) {
    process.stdout.write(`step ${step + 1}: ${loss.toFixed(6)} ${two[step]?.toFixed(6)}\n`);
  }
  process.stdout.write(`largest difference: ${Math.max(...apart).toExponential(1)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}

/** @param {number} classes */
function configFor(classes) {
  return {
    network: { arch: 'resnet50', activation: 'elu', activation_param: 1, bn_mode: 'sync', classes },
    optimizer: { batch_size: 16, learning_rate: 0.0001, nesterov: true, clip: 0, schedule: { epochs: 100 } },
    input: { crop_train: 96, scale_val: 96, crop_val: 96 },
  };
}

/**
 * @param {string} config
 * @param {number} nproc
 * @returns {number[]}
 */
function losses(config, nproc) {
  const run = join(folder, String(nproc));
  const args = [
    PROGRAM,
    config,
    String(data),
    '--log-dir',
    run,
    '--max-steps',
    String(STEPS),
    '--nproc',
    String(nproc),
  ];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const lines = readFileSync(join(run, 'metrics.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line).loss);
}
