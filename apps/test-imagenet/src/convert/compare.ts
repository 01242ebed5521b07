/** Compares a network before and after its conversion on the same images. */
import type { Preprocessing } from '@inplace-abn/checkpoint';
import { type Device, UsageError } from '@inplace-abn/core';
import type { ImageFolder, Loader, Sides } from '@inplace-abn/data';
import type { WeightedNetwork } from '@inplace-abn/interop';
import { Classifier, defaultConfig, evaluationBatches, type TrainConfig } from '@inplace-abn/recipes';
import { ALONE } from '@inplace-abn/train';
import { type ClassMap, matchClasses } from '../evaluation/class-list.js';
import { predictionOf } from '../evaluation/prediction.js';
import { Tally } from '../evaluation/tally.js';
import { createTestLoader } from '../evaluation/test-data.js';

/** Images to compare two networks on, and their preprocessing. */
export interface ComparedImages {
  readonly folder: ImageFolder;
  readonly classes: ClassMap;
  readonly scale: Sides;
  readonly crop: Sides;
  readonly input: TrainConfig['input'];
}

export interface ImagesOptions {
  /** Preprocessing that the networks expect; default: torchvision's. */
  readonly preprocessing?: Preprocessing;
  /** File with the class folder of each output, one per line. */
  readonly classFile?: string;
  /** Number of outputs of the networks. */
  readonly outputs: number;
}

export interface CompareOptions {
  readonly device: Device;
  readonly batchSize: number;
  readonly workers: number;
}

export interface Comparison {
  readonly images: number;
  /** Files that cannot be read, which are not counted. */
  readonly unreadable: number;
  /** Top-1 accuracy in percent, before and after. */
  readonly top1: readonly [number, number];
  readonly top5: readonly [number, number];
  /** Largest absolute difference of a logit before and after. */
  readonly difference: number;
  /** Largest absolute logit of the original network. */
  readonly largest: number;
}

/**
 * Checks the images before a network runs.
 *
 * @throws UsageError if the classes do not match the outputs, the list of classes cannot be read, or the file
 * describes no crop
 */
export async function imagesFor(folder: ImageFolder, options: ImagesOptions): Promise<ComparedImages> {
  const { outputs, classFile: file, preprocessing = null } = options;
  const { input } = defaultConfig;
  const { scale, crop, mean, std } = preprocessing ?? {
    scale: input.scale_val,
    crop: input.crop_val,
    mean: input.mean,
    std: input.std,
  };
  if (crop === null) {
    throw new UsageError(
      'the file describes preprocessing without a crop: only networks with a fixed crop can be compared',
    );
  }
  const classes = await matchClasses({ folders: folder.classes, root: folder.root, outputs, file });
  return { folder, classes, scale: scale ?? -1, crop, input: { ...input, mean: [...mean], std: [...std] } };
}

/** Runs both networks on every image. */
export async function compareOn(
  before: WeightedNetwork,
  after: WeightedNetwork,
  images: ComparedImages,
  { device, batchSize, workers }: CompareOptions,
): Promise<Comparison> {
  const { folder, crop, classes } = images;
  const batches = evaluationBatches(folder.length, batchSize, ALONE);
  const classifiers = await Promise.all(
    [before, after].map(async ({ network, tensors }) => {
      const classifier = new Classifier({ device, network, precision: 'float32', crop, crops: 1, batches });
      await classifier.fill(tensors);
      return classifier;
    }),
  );
  const [first, second] = classifiers;
  if (!first || !second) throw new RangeError('expected two networks');
  const loader = createTestLoader({ ...images, batchSize, workers, tenCrops: false });
  return compareBatches(loader, [first, second], classes);
}

async function compareBatches(
  loader: Loader,
  networks: readonly [Classifier, Classifier],
  classes: ClassMap,
): Promise<Comparison> {
  const outputs = networks[0].classes;
  const tallies = [new Tally(outputs), new Tally(outputs)] as const;
  let [visited, difference, largest] = [0, 0, 0];
  for await (const batch of loader.epoch(0)) {
    const [before, after] = [await networks[0].logits(batch), await networks[1].logits(batch)];
    for (let row = 0; row < batch.size; row++) {
      if (batch.indices[row] !== visited + row) continue;
      const label = classes.outputs[batch.labels[row] ?? -1] ?? -1;
      for (const [which, logits] of [before, after].entries()) {
        tallies[which]?.add(predictionOf(logits, row, outputs, label));
      }
      for (let i = row * outputs; i < (row + 1) * outputs; i++) {
        difference = Math.max(difference, Math.abs((after[i] ?? Number.NaN) - (before[i] ?? Number.NaN)));
        largest = Math.max(largest, Math.abs(before[i] ?? Number.NaN));
      }
    }
    visited += batch.size;
    batch.release();
  }
  const [before, after] = tallies.map(({ accuracy }) => accuracy);
  return {
    images: before?.count ?? 0,
    unreadable: loader.skipped.length,
    top1: [before?.top1 ?? Number.NaN, after?.top1 ?? Number.NaN],
    top5: [before?.top5 ?? Number.NaN, after?.top5 ?? Number.NaN],
    difference,
    largest,
  };
}

/** Formats a comparison as two lines of text. */
export function formatComparison({
  images,
  unreadable,
  top1,
  top5,
  difference,
  largest,
}: Comparison): string {
  const per = (value: number) => `${value.toFixed(2)} %`;
  const left = unreadable > 0 ? `, without ${unreadable} unreadable ones` : '';
  return (
    `on ${images} images${left}: top-1 ${per(top1[0])} before, ${per(top1[1])} after; top-5 ${per(top5[0])} before, ${per(top5[1])} after\n` +
    `largest difference of logits: ${difference.toExponential(2)}; the largest logit is ${largest.toPrecision(3)}`
  );
}
