// @ts-check
// Copies its part of an array repeatedly after a common start, with memcpy as V8 calls it for typed arrays.
import { parentPort, workerData } from 'node:worker_threads';

const { bytes, repeats } = workerData;
const [src, dst] = [new Uint8Array(bytes).fill(1), new Uint8Array(bytes).fill(2)];

parentPort?.on('message', () => {
  const start = performance.now();
  for (let repeat = 0; repeat < repeats; repeat++) dst.set(src);
  parentPort?.postMessage((performance.now() - start) / 1000);
});
parentPort?.postMessage('ready');
