/** Terminates workers while programs run on their compute threads. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const ADDON =
  process.env.IABN_ADDON ??
  fileURLToPath(new URL('../../../../native/build/Release/inplace_abn.node', import.meta.url));

/** Each worker runs a program in a loop, and is terminated during a run or as its promise settles. */
const PROGRAM = `
const { Worker } = require('node:worker_threads');
const work = async () => {
  const { parentPort, workerData } = require('node:worker_threads');
  const addon = require(workerData);
  const outputs = [{ dtype: 'float32', shape: [1024] }];
  const kernel = new addon.Kernel({ op: 'constant', attrs: { value: 1 }, inputs: [], outputs });
  const place = { memory: new addon.Memory(4096), offset: 0 };
  const program = new addon.Program([{ kernel, inputs: [], outputs: [place], workspace: null, layout: null }]);
  for (;;) {
    const run = program.run([], [{ ...place, length: 4096 }], 0, 1, true);
    parentPort.postMessage('running');
    await run;
  }
};
(async () => {
  for (let i = 0; i < 12; i++) {
    const worker = new Worker('(' + work + ')()', { eval: true, workerData: process.argv[1] });
    worker.on('error', (error) => { throw error; });
    await new Promise((resolve) => worker.on('message', resolve));
    await worker.terminate();
  }
})();
`;

it('a worker may be terminated while it runs programs', async () => {
  const ended = await new Promise((resolve) => {
    const child = execFile(process.execPath, ['-e', PROGRAM, ADDON], (error, _, stderr) =>
      resolve(error ? `${error.signal ?? error.code}: ${stderr}` : 'by itself'),
    );
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
  });
  expect(ended).toBe('by itself');
});
