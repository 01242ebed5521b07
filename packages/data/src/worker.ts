// A loader thread: reads, decodes and transforms images and writes them to the ring's shared memory.

import { parentPort } from 'node:worker_threads';
import { CacheFolder } from './cache-folder.js';
import { CacheMemory } from './cache-memory.js';
import type { CacheSpec, DecodedCache } from './decoded-cache.js';
import { ImageError } from './errors.js';
import type { Picture } from './image/image.js';
import { type ImageFacts, inspectImage } from './inspect.js';
import { inspectLabels } from './inspect-labels.js';
import { type LabelDecoder, labelDecoder } from './label-coding.js';
import { decodedLabelMap, type LabelMap, UnknownClassError } from './label-map.js';
import { makeTransform } from './make-transform.js';
import { Random, Stream } from './random.js';
import { usePictureIn } from './reader.js';
import type { SharedSlot } from './ring.js';
import type { SegmentationTransform } from './segmentation-transform.js';
import type { FailedRow, FromWorker, RowTask, RunSetup, ToWorker } from './threads.js';
import type { Transform } from './transform.js';
import { copyPixelsTo } from './wasm/kernels.js';
import { Room } from './wasm/room.js';

interface Run extends RunSetup {
  readonly made: Promise<Transform | SegmentationTransform>;
  readonly decoder: LabelDecoder;
  readonly decoded?: DecodedCache;
}

const runs = new Map<number, Run>();
// Holds one image at a time.
const imageRoom = new Room();
// Run tasks one after another, even if one has to wait for sharp.
let last: Promise<void> = Promise.resolve();

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind === 'open') {
    const made = makeTransform(message.setup.transform);
    // The failure is reported with the tasks that need the transform.
    made.catch(() => {});
    const { setup } = message;
    const decoder = labelDecoder(setup.coding ?? {});
    runs.set(message.run, { ...setup, made, decoder, decoded: setup.cache && cacheOf(setup.cache) });
  } else if (message.kind === 'close') {
    runs.delete(message.run);
  } else if (message.kind === 'inspect') {
    last = last.then(async () => answer({ task: message.task, ...(await inspected(message)) }));
  } else if (message.kind === 'labels') {
    last = last.then(() => answer({ task: message.task, ...labelFacts(message) }));
  } else {
    last = last.then(async () => answer({ task: message.task, ...(await outcome(message)) }));
  }
});

function cacheOf(spec: CacheSpec): DecodedCache {
  return spec.kind === 'ram' ? new CacheMemory(spec) : new CacheFolder(spec);
}

function answer(message: FromWorker): void {
  parentPort?.postMessage(message);
}

async function inspected({
  files,
  how: { maxPixels, coding = {} },
}: ToWorker & { kind: 'inspect' }): Promise<Omit<FromWorker, 'task'>> {
  try {
    const facts: ImageFacts[] = [];
    const decoder = labelDecoder(coding);
    for (const { path, part, labelPath } of files) {
      const image = await inspectImage(path, { maxPixels, part });
      facts.push(
        labelPath === undefined ? image : { ...image, labels: inspectLabels(labelPath, decoder, maxPixels) },
      );
    }
    return { failed: [], facts };
  } catch (error) {
    return { failed: [], error };
  }
}

function labelFacts({
  paths,
  how: { maxPixels, coding = {} },
}: ToWorker & { kind: 'labels' }): Omit<FromWorker, 'task'> {
  try {
    const decoder = labelDecoder(coding);
    return { failed: [], labels: paths.map((path) => inspectLabels(path, decoder, maxPixels)) };
  } catch (error) {
    return { failed: [], error };
  }
}

async function outcome({ run, slot, rows }: ToWorker & { kind: 'fill' }): Promise<Omit<FromWorker, 'task'>> {
  try {
    const known = runs.get(run);
    if (!known) throw new Error(`unknown run ${run}`);
    const failed: FailedRow[] = [];
    for (const row of rows) {
      const error = await fillRow(known, slot, row);
      if (error) failed.push({ row: row.row, reason: error.reason, code: error.code });
    }
    return { failed };
  } catch (error) {
    return { failed: [], error };
  }
}

/** Resolves to the error if the image cannot be read. */
async function fillRow(run: Run, slot: number, task: RowTask): Promise<ImageError | undefined> {
  const { seed, epoch, slots, maxPixels } = run;
  const made = await run.made;
  const target = slots[slot];
  if (!target) throw new Error(`unknown slot ${slot}`);
  const { pixels, color, targets, labeled } = rowOf(target, task.row, made.width * made.height);
  imageRoom.reset();
  // A user's module may keep its arguments.
  const room = run.transform.kind === 'module' ? undefined : imageRoom;
  copyPixelsTo(room);
  const options = { maxPixels, part: task.part, cache: run.decoded };
  const randomNumbers = () => new Random(seed, Stream.augmentation, epoch, task.wanted);
  try {
    if ('apply' in made) {
      const apply = (picture: Picture) => made.apply(picture, randomNumbers(), pixels, color);
      await usePictureIn(room, task.path, apply, options);
      return undefined;
    }
    const labels = labelsOf(task, run.decoder, maxPixels);
    const applyLabeled = (picture: Picture) => {
      checkSameSize(labels, picture, task);
      labeled[0] = made.applyLabeled(picture, labels, randomNumbers(), pixels, color, targets);
    };
    await usePictureIn(room, task.path, applyLabeled, options);
    return undefined;
  } catch (error) {
    if (error instanceof UnknownClassError) {
      const reason = `its label map ${task.labelPath} ${error.message}`;
      return new ImageError(task.path, reason, 'unknown-class');
    }
    if (!(error instanceof ImageError)) throw error;
    return error;
  } finally {
    copyPixelsTo(undefined);
  }
}

function rowOf({ images, color, targets, labeled }: SharedSlot, row: number, pixels: number) {
  return {
    pixels: images.subarray(row * pixels * 3, (row + 1) * pixels * 3),
    color: color.subarray(row * 12, (row + 1) * 12),
    targets: targets?.subarray(row * pixels, (row + 1) * pixels) ?? new Uint8Array(0),
    labeled: labeled?.subarray(row, row + 1) ?? new Int32Array(1),
  };
}

function labelsOf({ path, labelPath = '' }: RowTask, decoder: LabelDecoder, maxPixels: number): LabelMap {
  try {
    return decodedLabelMap(labelPath, decoder, maxPixels);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw new ImageError(path, `its label map ${labelPath} cannot be read: ${error.reason}`, error.code);
  }
}

function checkSameSize(labels: LabelMap, image: Picture, { path, labelPath }: RowTask): void {
  if (labels.width === image.width && labels.height === image.height) return;
  const turned = labels.width === image.height && labels.height === image.width;
  throw new ImageError(
    path,
    `its label map ${labelPath} has ${labels.width}×${labels.height} pixels and the image ` +
      `${image.width}×${image.height}${turned ? ' after its EXIF orientation was applied' : ''}`,
  );
}
