// A thread of the loader: reads, decodes and transforms images, and writes them to the ring's shared memory.

import { parentPort } from 'node:worker_threads';
import { ImageError } from './errors.js';
import { makeTransform } from './make-transform.js';
import { Random, Stream } from './random.js';
import { usePicture } from './reader.js';
import type { FailedRow, FromWorker, RowTask, RunSetup, ToWorker } from './threads.js';
import type { Transform } from './transform.js';

interface Run extends RunSetup {
  readonly made: Transform;
}

const runs = new Map<number, Run>();
// Tasks are done one after another, also where one has to wait for sharp.
let last: Promise<void> = Promise.resolve();

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind === 'open') {
    runs.set(message.run, { ...message.setup, made: makeTransform(message.setup.transform) });
  } else if (message.kind === 'close') {
    runs.delete(message.run);
  } else {
    last = last.then(async () => answer({ task: message.task, ...(await outcome(message)) }));
  }
});

function answer(message: FromWorker): void {
  parentPort?.postMessage(message);
}

async function outcome({ run, slot, rows }: ToWorker & { kind: 'fill' }): Promise<Omit<FromWorker, 'task'>> {
  try {
    const known = runs.get(run);
    if (!known) throw new Error(`there is no run ${run}`);
    const failed: FailedRow[] = [];
    for (const row of rows) {
      const reason = await fillRow(known, slot, row);
      if (reason !== undefined) failed.push({ row: row.row, reason });
    }
    return { failed };
  } catch (error) {
    return { failed: [], error };
  }
}

/** Resolves to the reason why the image cannot be read, if so. */
async function fillRow(run: Run, slot: number, { row, wanted, path }: RowTask): Promise<string | undefined> {
  const { made, seed, epoch, slots } = run;
  const target = slots[slot];
  if (!target) throw new Error(`there is no slot ${slot}`);
  const bytes = made.width * made.height * 3;
  const pixels = target.images.subarray(row * bytes, (row + 1) * bytes);
  const color = target.color.subarray(row * 12, (row + 1) * 12);
  try {
    await usePicture(path, (picture) => {
      const random = new Random(seed, Stream.augmentation, epoch, wanted);
      made.apply(picture, random, pixels, color);
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return error.reason;
  }
}
