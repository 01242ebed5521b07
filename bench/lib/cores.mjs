// @ts-check
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

const BLOCKS = 40;
/** A busy machine takes a slice of the scheduler for each trip. */
const LONGEST_MS = 1000;
/** Enough for compiled code on both sides after a few blocks. */
const TRIPS = 2000;

/** Answers every odd number with the next even one. */
const ECHO = `
const { workerData: ball } = require('node:worker_threads');
for (let answer = 2; ; answer += 2) {
  while (Atomics.load(ball, 0) !== answer - 1);
  Atomics.store(ball, 0, answer);
}`;

/**
 * Nanoseconds that a number takes to another thread and back, in the fastest of forty tries or of those of a
 * second; null on a single core. About 60 on cores that share a cache and 300 on others. A virtual machine
 * may change from one to the other at any time, which slows kernels whose threads exchange much by half, or
 * more.
 */
export async function roundTrip() {
  if (availableParallelism() < 2) return null;
  const ball = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(ECHO, { eval: true, workerData: ball });
  await once(worker, 'online');
  const end = performance.now() + LONGEST_MS;
  let [fastest, sent] = [Number.POSITIVE_INFINITY, 1];
  for (let block = 0; block === 0 || (block < BLOCKS && performance.now() < end); block++) {
    const begin = performance.now();
    for (let trip = 0; trip < TRIPS; trip++, sent += 2) {
      Atomics.store(ball, 0, sent);
      while (Atomics.load(ball, 0) === sent);
    }
    fastest = Math.min(fastest, performance.now() - begin);
  }
  await worker.terminate();
  return Math.round((1e6 * fastest) / TRIPS);
}
