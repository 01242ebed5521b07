/**
 * Runs photographs through a classifier, or up to one of its layers. The list may have any length; memory is
 * bounded.
 */
import { type Device, UsageError } from '@inplace-abn/core';
import {
  type Batch,
  createLoader,
  evalTransform,
  type Sides,
  type SkippedImage,
  sequentialSampler,
} from '@inplace-abn/data';
import {
  Classifier,
  featuresAt,
  loadWeights,
  type NormMode,
  reasonWithOption,
  type TrainConfig,
  taskOf,
} from '@inplace-abn/recipes';
import { ALONE, Halting, type Progress, StepClock, type StopRequest } from '@inplace-abn/train';
import { type Found, inChunks } from './images/sources.js';
import type { Guess, Result, Sink } from './output/result.js';

/** Most names held in memory, and names in the first chunk, which is read before anything is computed. */
const MOST_NAMES = 16384;
const FIRST_NAMES = 256;

export interface PredictOptions {
  readonly device: Device;
  readonly config: TrainConfig;
  /** Checkpoint file, or folder of checkpoints. */
  readonly checkpoint: string;
  readonly trainedWith?: NormMode;
  /** Path of a layer; its pooled output is written instead of classes. */
  readonly layer?: string;
  readonly photographs: AsyncIterable<Found>;
  /** Most names held in memory; default 16384. */
  readonly names?: number;
  /** Largest number of images per batch. */
  readonly batchSize: number;
  readonly workers: number;
  readonly maxPixels?: number;
  readonly crop: Sides;
  readonly scale: Sides;
  /** The predictions for a row of logits; null if a logit is NaN. */
  readonly guess: (logits: Float32Array) => readonly Guess[] | null;
  /** Creates the outputs, once the number of the network's outputs is known. */
  readonly sinks: (outputs: number) => Promise<readonly Sink[]>;
  readonly progress: Progress;
  /** Whether to show progress. */
  readonly shows: boolean;
  readonly stop: StopRequest;
  /** Whether the results still have a reader. */
  readonly wanted?: () => boolean;
}

export interface Outcome {
  /** Predicted images. */
  readonly images: number;
  /** Names without a usable image. */
  readonly failed: number;
  readonly seconds: number;
  readonly stopped: NodeJS.Signals | null;
}

/**
 * Problems with the network are errors before the first image. An image that cannot be used is reported and
 * skipped.
 */
export async function predictPhotographs(options: PredictOptions): Promise<Outcome> {
  const run = new Prediction(options);
  let error: unknown;
  try {
    await run.run();
  } catch (reason) {
    error = reason;
  }
  const failure = error;
  for (const sink of run.sinks) {
    try {
      await (failure === undefined ? sink.close() : sink.abandon(failure));
    } catch (reason) {
      error ??= reason;
    }
  }
  if (error !== undefined) throw error;
  return run.outcome;
}

class Prediction {
  sinks: readonly Sink[] = [];
  private readonly clock = new StepClock();
  private readonly halting: Halting;
  private images = 0;
  private failed = 0;
  private steps = 0;
  private classifier: Classifier | undefined;
  private batchSize = 1;

  constructor(private readonly options: PredictOptions) {
    this.halting = new Halting(options.stop, ALONE);
  }

  get outcome(): Outcome {
    const { seconds } = this.clock;
    return { images: this.images, failed: this.failed, seconds, stopped: this.halting.signal };
  }

  async run(): Promise<void> {
    const { photographs, names = MOST_NAMES, progress } = this.options;
    for await (const chunk of inChunks(photographs, Math.min(FIRST_NAMES, names), names)) {
      if (!this.classifier) await this.prepare(chunk.length);
      await this.predictChunk(chunk);
      if (this.ended) break;
    }
    progress.finish();
    if (!this.classifier) throw new UsageError('no images given: expected files, folders or a list of files');
  }

  private get ended(): boolean {
    const { wanted = () => true } = this.options;
    return this.halting.signal !== null || !wanted();
  }

  /** Plans for batches of at most `images`, reads the weights and opens the outputs. */
  private async prepare(images: number): Promise<void> {
    const { config, checkpoint, trainedWith, layer, device, crop, progress } = this.options;
    const task = taskOf(config);
    const network = task.network();
    const weights = await loadWeights({ ...task, network, config: config.network }, checkpoint, {
      trainedWith,
    });
    for (const note of weights.notes) progress.note(note);
    this.batchSize = Math.min(this.options.batchSize, images);
    this.classifier = new Classifier({
      device,
      network: layer === undefined ? network : featuresAt(network, layer),
      precision: config.network.precision,
      crop,
      crops: 1,
      batches: [this.batchSize],
    });
    await this.classifier.fill(weights.tensors);
    this.sinks = await this.options.sinks(this.classifier.classes);
    this.clock.start();
  }

  private async predictChunk(chunk: readonly Found[]): Promise<void> {
    const { config, crop, scale, workers, maxPixels } = this.options;
    const named = chunk.map((found, index) => ({ found, index }));
    const files = named.filter(({ found }) => !('reason' in found));
    let next = 0;
    /** Reports names without a file, in order with the images. */
    const told = async (until: number) => {
      for (; next < until; next++) {
        const found = chunk[next];
        if (found && 'reason' in found) await this.fail(found.path, found.reason);
      }
    };
    if (files.length > 0) {
      const { mean, std } = config.input;
      const loader = createLoader({
        folder: { length: files.length, path: (i) => files[i]?.found.path ?? '', label: () => -1 },
        transform: evalTransform({ crop, scale, mean, std }),
        sampler: sequentialSampler(files.length),
        batchSize: this.batchSize,
        workers,
        maxPixels,
        onBadImage: 'leave out',
      });
      let first = 0;
      for await (const batch of this.halting.batches(loader, 0)) {
        this.clock.dataReady();
        const rows = await this.rowsOf(batch);
        const { size, indices } = batch;
        const read = Array.from({ length: size }, (_, row) => indices[row] !== -1);
        batch.release();
        for (let row = 0; row < size; row++) {
          const { found, index = 0 } = files[first + row] ?? {};
          await told(index);
          next = index + 1;
          const path = found?.path ?? '';
          if (read[row]) await this.tell(path, rows(row));
          else await this.fail(path, reasonOf(loader.skipped, first + row));
        }
        first += size;
        this.clock.stepDone(size);
        this.show();
        if (this.ended) return;
      }
      if (this.halting.signal) return;
    }
    await told(chunk.length);
  }

  /** The network's outputs of a batch, by row. A batch that is not full runs as a full one. */
  private async rowsOf({ images, color }: Batch): Promise<(row: number) => Float32Array> {
    const { classifier } = this;
    if (!classifier) throw new Error('predicting before anything is prepared');
    const outputs = await classifier.logits({ images, color, size: this.batchSize });
    return (row) => outputs.subarray(row * classifier.classes, (row + 1) * classifier.classes);
  }

  private async tell(file: string, outputs: Float32Array): Promise<void> {
    const { layer, guess } = this.options;
    if (layer !== undefined) return this.add({ file, vector: outputs });
    const guesses = guess(outputs);
    if (!guesses) return this.fail(file, 'the output of the network is not finite');
    await this.add({ file, guesses });
  }

  private async add(result: Result): Promise<void> {
    if (!('error' in result)) this.images++;
    for (const sink of this.sinks) await sink.add(result);
  }

  private async fail(file: string, error: string): Promise<void> {
    this.failed++;
    this.options.progress.note(`error: ${file}: ${error}`);
    await this.add({ file, error });
  }

  private show(): void {
    const { shows, progress } = this.options;
    this.steps++;
    if (!shows) return;
    progress.update({
      phase: 'predict',
      step: this.steps,
      images: this.images,
      imagesPerSecond: this.clock.imagesPerSecond,
      waitShare: this.clock.waitShare,
      peakBytes: this.classifier?.bytes,
    });
  }
}

function reasonOf(skipped: readonly SkippedImage[], index: number): string {
  const image = skipped.findLast((each) => each.index === index);
  return image ? reasonWithOption(image) : 'it cannot be read';
}
