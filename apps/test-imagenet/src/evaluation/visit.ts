/** Iterates over the images of a test, for any kind of counting. */
import { type Batch, type LabeledImages, type Loader, shareOf } from '@inplace-abn/data';
import { type Classifier, reasonWithOption } from '@inplace-abn/recipes';
import { Halting, type Peers, type Progress, type StepClock, type StopRequest } from '@inplace-abn/train';
import type { ClassMap } from './class-list.js';

/** The parts of an iteration over the images of a test. */
export interface TestParts {
  readonly folder: LabeledImages;
  readonly classes: ClassMap;
  readonly classifier: Classifier;
  readonly loader: Loader;
  /** Images per batch, over all processes. */
  readonly batchSize: number;
  readonly progress: Progress;
  readonly stop: StopRequest;
  readonly peers: Peers;
}

/** Counts the images of this process. */
export interface Counter {
  /** Times the batches. */
  readonly clock: StepClock;
  /** `first`: index of the batch's first image. */
  count(batch: Batch, logits: Float32Array, first: number): void;
  /** Sums over the images so far. */
  sums(): Float64Array;
  /** Results to show as progress, from the sums of all processes. */
  shown(sums: Float64Array): { readonly loss: number; readonly top1?: number; readonly top5?: number };
}

/** Counts all images. Returns the signal that stopped it in any process, or null. */
export async function visitImages(parts: TestParts, counter: Counter): Promise<NodeJS.Signals | null> {
  const { loader, classifier, progress, folder, batchSize, peers } = parts;
  const halting = new Halting(parts.stop, peers);
  const { clock } = counter;
  let [visited, reported] = [0, 0];
  clock.start();
  for await (const batch of halting.batches(loader, 0)) {
    clock.dataReady();
    const size = Math.min(batchSize, folder.length - visited);
    // This process's share of the last batch may be empty.
    if (batch.size > 0) {
      counter.count(batch, await classifier.logits(batch), visited + shareOf(size, peers).begin);
    }
    visited += size;
    batch.release();
    clock.stepDone(size);
    for (const image of loader.skipped.slice(reported)) {
      progress.note(`cannot read ${image.path}: ${reasonWithOption(image)}; it is not counted`);
      reported++;
    }
    // Also checks whether a process wants to stop.
    const sums = await halting.agree(counter.sums());
    progress.update({
      phase: 'test',
      step: batch.number + 1,
      steps: loader.batches,
      ...counter.shown(sums),
      imagesPerSecond: clock.imagesPerSecond,
      waitShare: clock.waitShare,
      peakBytes: classifier.bytes,
      etaSeconds: clock.eta(folder.length - visited),
    });
    if (halting.signal) break;
  }
  progress.finish();
  return visited < folder.length ? halting.signal : null;
}
