/** Runs a test from configuration, checkpoint and image folder to its result. */
import { type Device, UsageError } from '@inplace-abn/core';
import type { LabeledImages, Sides } from '@inplace-abn/data';
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
  StopRequest,
} from '@inplace-abn/train';
import { type ClassMap, classesInOrder, knownClasses, matchClasses } from './class-list.js';
import { LabelRun } from './label-run.js';
import type { LabelTestResult, TestResult } from './result.js';
import { createTestLoader, cropsOf, openTestImages, type Preparation } from './test-data.js';
import { TestRun } from './test-run.js';

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

/**
 * Tests a network on every image of a folder, once each. Unreadable images are reported, excluded from all
 * counts and listed in the result.
 *
 * @throws UsageError for a configuration that does not classify, and for images or classes that do not fit
 * it; CheckpointError for weights that cannot be read
 */
export async function testNetwork(options: TestOptions): Promise<TestOutcome> {
  const { config, peers = ALONE } = options;
  const progress = progressOf(options, peers);
  checkConfig(config);
  const { folder, named, notes } = await imagesOf(options, peers);
  const { classifier, weights, batchSize } = await classifierOf(options, folder.length, peers);
  const classes = await classesOf(options, folder, named);
  const { crop, scale } = options;
  if (isFramed(scale, crop)) {
    progress.note(`scale ${scale} is less than crop ${crop}: images get black borders`);
  }
  const images = `${folder.length} images of ${folder.classes.length} classes in ${folder.root}`;
  for (const note of [...notes, ...weights.notes, `testing ${weights.path} on ${images}`])
    progress.note(note);
  const labelSets = config.task === 'multi-label' ? config.network.classes : undefined;
  const prepared = { ...options, folder, labelSets, input: config.input, batchSize, share: peers };
  const loader = createTestLoader(prepared);
  const stop = new StopRequest((signal) => progress.note(`${signal}: stopping after this batch`));
  const parts = { folder, classes, classifier, loader, batchSize, progress, stop, peers };
  try {
    const found = await (labelSets === undefined ? new TestRun(parts) : new LabelRun(parts)).run();
    if ('stopped' in found) return { result: null, stopped: found.stopped };
    return { result: { ...factsOf(options, weights.path), ...found }, stopped: null };
  } finally {
    stop.dispose();
  }
}

function checkConfig({ task, network }: TrainConfig): void {
  if (task === 'segmentation') {
    throw new UsageError(`the task of the configuration is ${task}, but only classifiers can be tested here`);
  }
  if (network.classes === 0) {
    throw new UsageError('network.classes is 0: a network without a classifier cannot be tested');
  }
}

/**
 * The images, which must be the same in all processes. `named`: the classes of the network, if the labels are
 * their numbers.
 */
async function imagesOf({ config, data, checkpoint, classFile }: TestOptions, peers: Peers) {
  let known: readonly NamedClass[] | undefined;
  const names = async () => {
    known = await knownClasses(classFile, checkpoint);
    return known?.map(({ folder: name }) => name);
  };
  const { images: folder, listed, notes } = await openTestImages(data, config, names);
  await checkSame(peers, {
    images: String(folder.length),
    'names of the images': folder.digest().slice(0, 16),
  });
  return { folder, named: listed ? known : undefined, notes };
}

/** The output of each class of the images. Call this after loading the weights, which explains bad files. */
async function classesOf(
  { config, checkpoint, classFile: file }: TestOptions,
  { classes: folders, root }: LabeledImages,
  named: readonly NamedClass[] | undefined,
): Promise<ClassMap> {
  const outputs = config.network.classes;
  if (named) return classesInOrder(named, outputs, file ?? checkpoint);
  const recorded = file === undefined ? await knownClasses(undefined, checkpoint) : undefined;
  return matchClasses({ folders, root, outputs, file, recorded });
}

/** The network with its weights, planned for the batches of this many images. */
async function classifierOf(options: TestOptions, images: number, peers: Peers) {
  const { config, device, checkpoint, trainedWith, crop } = options;
  const task = taskOf(config);
  const network = task.network();
  const weights = await loadWeights({ ...task, network, config: config.network }, checkpoint, {
    trainedWith,
  });
  const crops = cropsOf(options);
  const batchSize = Math.max(1, Math.floor((options.batchSize ?? config.optimizer.batch_size) / crops));
  const own = evaluationBatches(images, batchSize, peers);
  const batches = own.length > 0 ? own : [1];
  const { precision } = config.network;
  const classifier = new Classifier({ device, network, precision, crop, crops, batches });
  await classifier.fill(weights.tensors);
  return { classifier, weights, batchSize };
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
