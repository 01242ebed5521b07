/** A test from configuration, checkpoint and image folder to its result. */
import { type Device, UsageError } from '@inplace-abn/core';
import type { Batch, ImageFolder, Loader } from '@inplace-abn/data';
import type { TrainConfig } from '../config/schema.js';
import { StepClock } from '../meters/step-clock.js';
import { Progress, type ProgressStream } from '../progress/progress.js';
import { evaluationBatches } from '../run/data.js';
import { StopRequest } from '../run/stop.js';
import { networkOf } from '../step/network.js';
import { type ClassMap, matchClasses } from './class-list.js';
import { Classifier } from './classifier.js';
import { MostConfident } from './most-confident.js';
import { predictionOf } from './prediction.js';
import type { TestResult } from './result.js';
import { Tally } from './tally.js';
import { createTestLoader, cropsOf, openTestFolder, type Preparation } from './test-data.js';
import { loadWeights } from './weights.js';

export interface TestOptions extends Preparation {
  readonly config: TrainConfig;
  /** Checkpoint file, or folder of checkpoints. */
  readonly checkpoint: string;
  /** Folder with val/CLASS, or with CLASS folders. */
  readonly data: string;
  readonly device: Device;
  readonly workers: number;
  readonly printFreq: number;
  /** Images of a batch; with ten crops a tenth of it. Default optimizer.batch_size. */
  readonly batchSize?: number;
  /** File with the classes of the network's outputs, a folder name a line. */
  readonly classFile?: string;
  readonly stream?: ProgressStream;
}

export interface TestOutcome {
  /** null where a signal stopped the test. */
  readonly result: TestResult | null;
  readonly stopped: NodeJS.Signals | null;
}

/** Wrong predictions that a result holds. */
const WORST = 48;

/**
 * Tests a network on every image of a folder, each once. An image that cannot be read is named, left out of all counts
 * and listed in the result.
 */
export async function testNetwork(options: TestOptions): Promise<TestOutcome> {
  const { config, device } = options;
  const progress = new Progress({ printFreq: options.printFreq, stream: options.stream });
  if (config.task !== 'classification') {
    throw new UsageError(`the task of the configuration is ${config.task}: only classifiers are tested here`);
  }
  const folder = await openTestFolder(options.data);
  if (config.network.classes === 0) {
    throw new UsageError('network.classes is 0: a network without a classifier cannot be tested');
  }
  const network = networkOf(config.network);
  const weights = await loadWeights(network, config.network, options.checkpoint);
  const classFile = options.classFile;
  const outputs = config.network.classes;
  const classes = await matchClasses({
    folders: folder.classes,
    root: folder.root,
    outputs,
    file: classFile,
  });
  const crops = cropsOf(options);
  const batchSize = Math.max(1, Math.floor((options.batchSize ?? config.optimizer.batch_size) / crops));
  const classifier = new Classifier({
    device,
    network,
    precision: config.network.precision,
    crop: options.crop,
    crops,
    batches: evaluationBatches(folder.length, batchSize),
  });
  classifier.load(weights.tensors);
  const images = `${folder.length} images of ${folder.classes.length} classes in ${folder.root}`;
  const { crop, scale } = options;
  if (scale !== -1 && scale < crop)
    progress.note(`scale ${scale} is less than crop ${crop}: images are framed in black`);
  for (const note of [...weights.notes, `testing ${weights.path} on ${images}`]) progress.note(note);
  const loader = createTestLoader({ ...options, folder, input: config.input, batchSize });
  const stop = new StopRequest((signal) => progress.note(`${signal}: stopping after this batch`));
  const run = new TestRun({ folder, classes, classifier, loader, progress, stop });
  try {
    const complete = await run.run();
    if (!complete) return { result: null, stopped: stop.requested };
  } finally {
    stop.dispose();
  }
  return { result: { ...factsOf(options, weights.path), ...run.findings() }, stopped: null };
}

function factsOf({ config, crop, scale, tenCrops }: TestOptions, checkpoint: string) {
  const { arch, precision } = config.network;
  return { arch, precision, checkpoint, crop, scale, tenCrops };
}

interface TestParts {
  readonly folder: ImageFolder;
  readonly classes: ClassMap;
  readonly classifier: Classifier;
  readonly loader: Loader;
  readonly progress: Progress;
  readonly stop: StopRequest;
}

class TestRun {
  private readonly tally: Tally;
  private readonly worst = new MostConfident(WORST);
  private readonly clock = new StepClock();
  private unreadable = 0;

  constructor(private readonly parts: TestParts) {
    this.tally = new Tally(parts.classifier.classes);
  }

  /** Tests image after image; false where a signal came before the last. */
  async run(): Promise<boolean> {
    const { loader, classifier, progress, stop, folder } = this.parts;
    this.clock.start();
    let visited = 0;
    for await (const batch of loader.epoch(0)) {
      this.clock.dataReady();
      this.count(batch, await classifier.logits(batch), visited);
      visited += batch.size;
      batch.release();
      this.clock.stepDone(batch.size);
      this.report(batch.number + 1, visited);
      if (stop.requested) break;
    }
    progress.finish();
    return visited === folder.length;
  }

  private count(batch: Batch, logits: Float32Array, first: number): void {
    const { classes, classifier } = this.parts;
    for (let row = 0; row < batch.size; row++) {
      const index = first + row;
      // In place of an image that cannot be read the loader brings another, which has its own turn.
      if (batch.indices[row] !== index) continue;
      const label = classes.outputs[batch.labels[row] ?? -1] ?? -1;
      const prediction = predictionOf(logits, row, classifier.classes, label);
      this.tally.add(prediction);
      this.worst.add(index, prediction);
    }
  }

  private report(step: number, visited: number): void {
    const { loader, folder, classifier, progress } = this.parts;
    for (const { path, reason } of loader.skipped.slice(this.unreadable)) {
      progress.note(`cannot read ${path}: ${reason}; it is not counted`);
      this.unreadable++;
    }
    const { loss, accuracy } = this.tally;
    progress.update({
      phase: 'test',
      step,
      steps: loader.batches,
      loss: loss.mean,
      top1: accuracy.top1,
      top5: accuracy.top5,
      imagesPerSecond: this.clock.imagesPerSecond,
      waitShare: this.clock.waitShare,
      peakBytes: classifier.bytes,
      etaSeconds: this.clock.eta(folder.length - visited),
    });
  }

  findings() {
    const { folder, classes, loader } = this.parts;
    const { loss, accuracy } = this.tally;
    return {
      data: folder.root,
      images: accuracy.count,
      unreadable: loader.skipped,
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
      })),
      seconds: this.clock.seconds,
    };
  }
}
