// @ts-check
// The memory of a whole training process, from its start to its end, and what `plan` expects of it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpu } from '@inplace-abn/core';
import { planReport } from '@inplace-abn/recipes';
import { imageMaker, temporaryFolder, writeFiles } from './generated.mjs';
import { networkConfig } from './training.mjs';

const PROGRAM = fileURLToPath(new URL('../../apps/train-imagenet/dist/main.js', import.meta.url));
const HOOK = new URL('peak-hook.mjs', import.meta.url).href;
const WORKERS = 2;
/** Side of an image in pixels: about as many pixels as ImageNet's photographs have. */
const SIDE = 420;
/** Batches of `train` and of `val`; three fill the ring of a loader. */
const STEPS = 3;

/**
 * Runs an epoch of three steps with validation, checkpoints and report, as a user starts it, and plans it.
 * @param {{ arch: string, batch: number, precision: import('./training.mjs').Precision }} what
 * @returns {Promise<{ peak: number, expected: number, most: number }>} bytes
 */
export async function processMemoryOf({ arch, batch, precision }) {
  const base = networkConfig(arch, batch, precision);
  const { schedule } = base.optimizer;
  const config = { ...base, optimizer: { ...base.optimizer, schedule: { ...schedule, epochs: 1 } } };
  const { resident } = planReport(config, batch, cpu(), { workers: WORKERS }).report;
  if (!resident) throw new Error(`the plan of ${arch} has no resident memory of its process`);
  const folder = await temporaryFolder();
  try {
    const imageOf = await imageMaker(SIDE);
    await writeFiles(join(folder, 'train'), STEPS * batch, imageOf);
    await writeFiles(join(folder, 'val'), STEPS * batch, imageOf);
    const [file, peak, run] = ['config.json', 'peak', 'run'].map((name) => join(folder, name));
    if (!file || !peak || !run) throw new Error('no names');
    await writeFile(file, JSON.stringify(config));
    const args = ['--import', HOOK, PROGRAM, file, folder, '--log-dir', run, '-j', String(WORKERS)];
    execFileSync(process.execPath, args, {
      env: { ...process.env, IABN_PEAK_FILE: peak },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return {
      peak: Number(readFileSync(peak, 'utf8')),
      expected: resident.bytes,
      most: resident.most,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}
