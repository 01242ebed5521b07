/** Runs a test from configuration, checkpoint and image folder to its result. */
import { type Device, UsageError } from '@inplace-abn/core';
import type { Batch, Sides, SkippedImage } from '@inplace-abn/data';
import {
  Classifier,
  evaluationBatches,
  heightAndWidth,
  loadWeights,
  type NamedClass,
  type NormMode,
  type TrainConfig,
  taskOf,
} from '@inplace-abn/recipes';
import {
  ALONE,
  checkSame,
  type Peers,
  type ProgressStream,
  progressOf,
  StepClock,
  StopRequest,
} from '@inplace-abn/train';
import { classesInOrder, knownClasses, matchClasses } from './class-list.js';
import { LabelRun } from './label-run.js';
import { MostConfident } from './most-confident.js';
import { predictionOf } from './prediction.js';
import type { LabelTestResult, TestResult } from './result.js';
import { Tally } from './tally.js';
import { createTestLoader, cropsOf, openTestImages, type Preparation } from './test-data.js';
import { type Counter, type TestParts, visitImages } from './visit.js';

export interface TestOptions extends Preparation {
  readonly config: TrainConfig;
  /** Checkpoint file, or folder of checkpoints. */
  readonly checkpoint: string;
  /** The batch norm that its weights were trained with, if the file does not record it. */
  readonly trainedWith?: NormMode;
  /** Folder with val/CLASS, or with CLASS folders. */
  readonly data: string;
  readonly device: Device;
  readonly workers: number;
  /** Maximum pixels of an image. Default: the loader's limit for crops of this size. */
  readonly maxPixels?: number;
  readonly printFreq: number;
  /** Images per batch; with ten crops a tenth of it. Default optimizer.batch_size. */
  readonly batchSize?: number;
  /** File with the classes of the network's outputs, one folder name per line. */
  readonly classFile?: string;
  readonly stream?: ProgressStream;
  /**
   * The processes that share the images. Default: only this one. Each needs the checkpoint and gets the
   * result.
   */
  readonly peers?: Peers;
}

export interface TestOutcome {
  /** Null if a signal stopped the test. */
  readonly result: TestResult | LabelTestResult | null;
  readonly stopped: NodeJS.Signals | null;
}

/** Number of wrong predictions in a result. */
const WORST = 48;

/**
 * Tests a network on every image of a folder, once each. Unreadable images are reported, excluded from all
 * counts and listed in the result.
 */
export async function testNetwork(options: TestOptions): Promise<TestOutcome> {
  const { config, device, peers = ALONE } = options;
  const progress = progressOf(options, peers);
  if (config.task === 'segmentation') {
    throw new UsageError(
      `the task of the configuration is ${config.task}, but only classifiers can be tested here`,
    );
  }
  let known: readonly NamedClass[] | undefined;
  const names = async () => {
    known = await knownClasses(options.classFile, options.checkpoint);
    return known?.map(({ folder: name }) => name);
  };
  const { images: folder, listed, notes } = await openTestImages(options.data, config, names);
  await checkSame(peers, {
    images: String(folder.length),
    'names of the images': folder.digest().slice(0, 16),
  });
  if (config.network.classes === 0) {
    throw new UsageError('network.classes is 0: a network without a classifier cannot be tested');
  }
  const task = taskOf(config);
  const network = task.network();
  const target = { ...task, network, config: config.network };
  const weights = await loadWeights(target, options.checkpoint, { trainedWith: options.trainedWith });
  const classFile = options.classFile;
  const outputs = config.network.classes;
  const matched = { folders: folder.classes, root: folder.root, outputs, file: classFile };
  const classes =
    listed && known
      ? classesInOrder(known, outputs, classFile ?? options.checkpoint)
      : await matchClasses({ ...matched, recorded: await knownClasses(undefined, options.checkpoint) });
  const crops = cropsOf(options);
  const batchSize = Math.max(1, Math.floor((options.batchSize ?? config.optimizer.batch_size) / crops));
  const own = evaluationBatches(folder.length, batchSize, peers);
  const classifier = new Classifier({
    device,
    network,
    precision: config.network.precision,
    crop: options.crop,
    crops,
    batches: own.length > 0 ? own : [1],
  });
  await classifier.fill(weights.tensors);
  const images = `${folder.length} images of ${folder.classes.length} classes in ${folder.root}`;
  const { crop, scale } = options;
  if (isFramed(scale, crop)) {
    progress.note(`scale ${scale} is less than crop ${crop}: images get black borders`);
  }
  for (const note of [...notes, ...weights.notes, `testing ${weights.path} on ${images}`])
    progress.note(note);
  const multiLabel = config.task === 'multi-label';
  const labelSets = multiLabel ? outputs : undefined;
  const prepared = { ...options, folder, labelSets, input: config.input, batchSize, share: peers };
  const loader = createTestLoader(prepared);
  const stop = new StopRequest((signal) => progress.note(`${signal}: stopping after this batch`));
  const parts = { folder, classes, classifier, loader, batchSize, progress, stop, peers };
  const facts = factsOf(options, weights.path);
  try {
    if (multiLabel) {
      const found = await new LabelRun(parts).run();
      return 'stopped' in found
        ? { result: null, stopped: found.stopped }
        : { result: { ...facts, ...found }, stopped: null };
    }
    const run = new TestRun(parts);
    const stopped = await run.run();
    if (stopped) return { result: null, stopped };
    return { result: { ...facts, ...run.findings() }, stopped: null };
  } finally {
    stop.dispose();
  }
}

/** True if images of any aspect ratio are smaller than the crop. */
function isFramed(scale: Sides, crop: Sides): boolean {
  if (scale === -1) return false;
  const [height, width] = heightAndWidth(crop);
  if (typeof scale === 'number') return scale < Math.min(height, width);
  return scale[0] < height || scale[1] < width;
}

function factsOf({ config, crop, scale, tenCrops }: TestOptions, checkpoint: string) {
  const { arch, precision } = config.network;
  return { arch, precision, checkpoint, crop, scale, tenCrops };
}

class TestRun implements Counter {
  readonly clock = new StepClock();
  private readonly tally: Tally;
  private readonly worst = new MostConfident(WORST);
  /** Results of all processes, once gathered. */
  private unreadable: readonly SkippedImage[] = [];

  constructor(private readonly parts: TestParts) {
    this.tally = new Tally(parts.classifier.classes);
  }

  /**
   * Tests all images and gathers the results of all processes. Returns the signal that stopped it, or null.
   */
  async run(): Promise<NodeJS.Signals | null> {
    const stopped = await visitImages(this.parts, this);
    if (stopped === null) await this.bringTogether();
    return stopped;
  }

  private async bringTogether(): Promise<void> {
    const { loader, peers } = this.parts;
    const own = { tally: this.tally.state(), worst: this.worst.list, skipped: loader.skipped };
    const found = await peers.gather(own);
    const others = found.filter((_, rank) => rank !== peers.rank);
    for (const { tally, worst } of others) {
      this.tally.merge(tally);
      for (const { index, ...prediction } of worst) this.worst.add(index, prediction);
    }
    this.unreadable = found.flatMap(({ skipped }) => skipped).sort((a, b) => a.index - b.index);
  }

  count(batch: Batch, logits: Float32Array, first: number): void {
    const { classes, classifier } = this.parts;
    for (let row = 0; row < batch.size; row++) {
      const index = first + row;
      // An unreadable image leaves its row empty.
      if (batch.indices[row] !== index) continue;
      const label = classes.outputs[batch.labels[row] ?? -1] ?? -1;
      const prediction = predictionOf(logits, row, classifier.classes, label);
      this.tally.add(prediction);
      // NaN logits are not a prediction.
      if (!Number.isNaN(prediction.loss)) this.worst.add(index, prediction);
    }
  }

  sums(): Float64Array {
    const { loss, accuracy } = this.tally;
    return Float64Array.of(loss.total, loss.count, ...accuracy.counts());
  }

  shown([total = 0, weight = 0, correct1 = 0, correct5 = 0, images = 0]: Float64Array) {
    return { loss: total / weight, top1: (100 * correct1) / images, top5: (100 * correct5) / images };
  }

  findings() {
    const { folder, classes } = this.parts;
    const { loss, accuracy } = this.tally;
    return {
      data: folder.root,
      images: accuracy.count,
      unreadable: this.unreadable,
      top1: accuracy.top1,
      top5: accuracy.top5,
      loss: loss.mean,
      classes: this.tally
        .perClass()
        .map((counts, label) => ({ label, name: classes.names[label] ?? '', ...counts })),
      confusion: this.tally.cells(),
      worst: this.worst.list.map((mistake) => ({
        ...mistake,
        file: folder.relativePath(mistake.index),
        path: folder.path(mistake.index),
        ...(folder.part && { part: folder.part(mistake.index) }),
      })),
      seconds: this.clock.seconds,
    };
  }
}
