/** Ends workers that run programs on compute threads, of which each loads the addon alone. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const ADDON =
  process.env.IABN_ADDON ??
  fileURLToPath(new URL('../../../../native/build/Release/inplace_abn.node', import.meta.url));

/**
 * Workers in turn, each of which runs a program `runs` times and ends by itself, or runs it again and again
 * and is terminated during a run or as its promise settles.
 */
const PROGRAM = `
const { readFileSync } = require('node:fs');
const { basename } = require('node:path');
const { Worker } = require('node:worker_threads');
const work = async () => {
  const { parentPort, workerData } = require('node:worker_threads');
  const { elements, runs, addon: path } = workerData;
  const addon = require(path);
  const outputs = [{ dtype: 'float32', shape: [elements] }];
  const kernel = new addon.Kernel({ op: 'constant', attrs: { value: 1 }, inputs: [], outputs });
  const length = 4 * elements;
  const place = { memory: new addon.Memory(length), offset: 0 };
  const program = new addon.Program([{ kernel, inputs: [], outputs: [place], workspace: null, layout: null }]);
  for (let i = 0; runs === null || i < runs; i++) {
    const run = program.run([], [{ ...place, length }], 0, 1, true);
    parentPort.postMessage('running');
    await run;
  }
};
(async () => {
  const { workers, ...workerData } = JSON.parse(process.argv[1]);
  for (let i = 0; i < workers; i++) {
    const worker = new Worker('(' + work + ')()', { eval: true, workerData });
    worker.on('error', (error) => { throw error; });
    const exit = new Promise((resolve) => worker.on('exit', resolve));
    await new Promise((resolve) => worker.on('message', resolve));
    if (workerData.runs === null) await worker.terminate();
    await exit;
  }
  // Threads of a team may still run its code.
  const mapped = process.platform !== 'linux' || readFileSync('/proc/self/maps', 'utf8').includes(basename(workerData.addon));
  if (!mapped) throw new Error('the addon was unloaded');
})();
`;

interface Workers {
  /** In turn. */
  readonly workers: number;
  /** Of the program's output. A team of threads writes 2 ** 20, one thread 1024. */
  readonly elements: number;
  /** Null: until it is terminated. */
  readonly runs: number | null;
}

/** How a process ends that starts these workers. */
const ended = (given: Workers): Promise<string> =>
  new Promise((resolve) => {
    const args = ['-e', PROGRAM, JSON.stringify({ ...given, addon: ADDON })];
    const env = { ...process.env, OMP_NUM_THREADS: '24' };
    const child = execFile(process.execPath, args, { env }, (error, _, stderr) =>
      resolve(error ? `${error.signal ?? error.code}: ${stderr}` : 'by itself'),
    );
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
  });

it.each([
  ['a worker may be terminated while it runs programs', { workers: 12, elements: 1024, runs: null }],
  [
    'a worker may be terminated while a team runs its programs',
    { workers: 12, elements: 2 ** 20, runs: null },
  ],
  ['a worker may end when a team has run its program', { workers: 24, elements: 2 ** 20, runs: 1 }],
])('%s', async (_, workers) => {
  expect(await ended(workers)).toBe('by itself');
});
