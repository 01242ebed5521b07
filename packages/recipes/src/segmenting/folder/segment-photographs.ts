/** Segments photographs: from a snapshot to class maps, overlays and a gallery. */
import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@inplace-abn/checkpoint';
import type { Advice } from '@inplace-abn/cli';
import { type ComputeDType, type Device, type FusionMode, UsageError } from '@inplace-abn/core';
import { listPhotographs, type Rgb } from '@inplace-abn/data';
import type { NormMode } from '@inplace-abn/interop';
import type { Module } from '@inplace-abn/nn';
import {
  ALONE,
  checkSame,
  digestOf,
  type Peers,
  Progress,
  type ProgressStream,
  StopRequest,
} from '@inplace-abn/train';
import type { NetworkConfig } from '../../config/schema.js';
import { Segmenter } from '../../inference/segmenter.js';
import { loadSnapshot } from '../../inference/snapshot.js';
import type { SegmentationClass } from '../../segmentation/classes.js';
import { buildGallery } from '../gallery/write.js';
import {
  type FolderScores,
  folderScores,
  type Labeling,
  type Labels,
  openLabels,
} from '../labels/label-folder.js';
import { formatLabels, labelsJson } from '../labels/labels-report.js';
import { checkOutputs, shardOf, unfinished } from '../output/files.js';
import { FolderRun, type OutputMode, outputsOf } from './folder-run.js';

/** Options of {@link segmentPhotographs}. */
export interface SegmentOptions {
  /** Where the network runs. */
  readonly device: Device;
  /** The modules; the snapshot has their weights. */
  readonly network: Module;
  /** Configuration that the network was created from; omit it for your own network. */
  readonly config?: NetworkConfig;
  /** Name of the network in notes and on the page. */
  readonly title: string;
  /** Checkpoint file, or folder of training states. */
  readonly snapshot: string;
  /** The batch norm that its weights were trained with, if the file does not record it. */
  readonly trainedWith?: NormMode;
  /** A folder of photographs, or the paths of photographs. */
  readonly photographs: string | readonly string[];
  /** Folder for class maps and the page. */
  readonly outDir: string;
  /** All classes of the network, by id. */
  readonly classes: readonly SegmentationClass[];
  /** Dtype of activations. */
  readonly precision: ComputeDType;
  /** Means of RGB in [0, 1], to subtract. */
  readonly mean: Rgb;
  /** Standard deviations of RGB in [0, 1], to divide by. */
  readonly std: Rgb;
  /** Scales to predict at, relative to the photograph's size. */
  readonly scales: readonly number[];
  /** Whether to predict the mirror images too. */
  readonly flip: boolean;
  /** How to fuse the predictions. */
  readonly fusion: FusionMode;
  /** Form of NAME.png. */
  readonly mode: OutputMode;
  /** Whether to write NAME_overlay.png. */
  readonly overlay: boolean;
  /** Length of a photograph's longest side after resizing, in pixels. */
  readonly maxSide: number;
  /** Limit for the pixels of a photograph or label map; default 2^27. */
  readonly maxPixels?: number;
  /** Limit for weights and activations in bytes; default: none. */
  readonly memoryBudget?: number;
  /** Folder of labels to compare with. */
  readonly labels?: string;
  /** How labels are named and which ids are ignored; default: NAME.png, 255. */
  readonly labeling?: Labeling;
  /** Whether to skip photographs whose outputs exist. */
  readonly resume: boolean;
  /**
   * Index of this process and number of processes that share the folder; default: rank and size of `peers`.
   */
  readonly shard?: {
    /** Index of this process, from 0. */
    readonly index: number;
    /** Number of processes. */
    readonly count: number;
  };
  /** Appended to the errors of single photographs, by their codes. */
  readonly advice?: Advice;
  /**
   * Processes that finish together; rank 0 writes the page and the comparison with labels. Default: only this
   * one.
   */
  readonly peers?: Peers;
  /** Where progress is printed; default: standard output. */
  readonly stream?: ProgressStream;
}

/** How segmenting ended. */
export interface SegmentOutcome {
  /** Number of photographs and label maps that could not be used. */
  readonly failed: number;
  /** The signal that ended it early; null if it finished. */
  readonly stopped: NodeJS.Signals | null;
  /** Comparison with the labels; null without any. */
  readonly scores: FolderScores | null;
}

/** Name, in the output folder, of the comparison with labels. */
const SCORES_FILE = 'labels.json';

/**
 * Segments photographs, or this process's share of them. Problems with the snapshot, the folders or the
 * options are errors before the first image; a photograph that cannot be used is reported and skipped.
 *
 * @throws DataError for a folder without photographs; UsageError for outputs that would overwrite each other,
 * a folder of labels that is missing, and a budget that the weights alone fill; UsageError or CheckpointError
 * for a snapshot of another network; CommError if processes see different photographs or one is lost
 */
export async function segmentPhotographs(options: SegmentOptions): Promise<SegmentOutcome> {
  const { photographs, outDir, classes, network, resume, peers = ALONE } = options;
  const shard = options.shard ?? { index: peers.rank, count: peers.size };
  const progress = new Progress({ stream: options.stream });
  const folder = typeof photographs === 'string' ? photographs : undefined;
  const names = typeof photographs === 'string' ? await listPhotographs(photographs) : photographs;
  await checkSame(peers, { photographs: String(names.length), 'names of the photographs': digestOf(names) });
  const outputs = outputsOf(options.mode, options.overlay);
  checkOutputs(
    names.map((name) => join(folder ?? '', name)),
    outDir,
    outputs,
  );
  await checkWritable(outDir);
  const labeling = { ...options.labeling, maxPixels: options.maxPixels };
  const labels = options.labels === undefined ? null : await openLabels(options.labels, classes, labeling);
  const snapshot = await loadSnapshot(network, options.snapshot, options);
  const segmenter = new Segmenter(options);
  await segmenter.fill(snapshot.tensors);
  const own = shardOf(names, shard.index, shard.count);
  const files = resume ? await unfinished(own, outDir, outputs) : own;
  for (const note of snapshot.notes) progress.note(note);
  progress.note(introduction({ ...options, shard }, snapshot.path, names.length, own.length, files.length));
  const stop = new StopRequest((signal) =>
    progress.note(`${signal}: stopping after this image; repeat to kill`),
  );
  try {
    const { lost } = peers;
    const run = new FolderRun({
      ...options,
      folder,
      segmenter,
      files,
      classes,
      labels,
      progress,
      stop,
      lost,
    });
    const failed = await run.run();
    // The page and the scores cover the images of all processes.
    await peers.barrier();
    if (peers.rank > 0) return { failed: failed.length, stopped: stop.requested, scores: null };
    const scores = labels && !stop.requested ? await report(labels, names, options, progress) : null;
    const { images } = await buildGallery(outDir, { facts: factsOf(options, snapshot.path) });
    progress.note(`${images} ${images === 1 ? 'image' : 'images'} in ${join(outDir, 'index.html')}`);
    return { failed: failed.length + (scores?.failed.length ?? 0), stopped: stop.requested, scores };
  } finally {
    stop.dispose();
  }
}

function introduction(
  { title, precision, photographs, shard }: SegmentOptions & Required<Pick<SegmentOptions, 'shard'>>,
  snapshot: string,
  all: number,
  own: number,
  left: number,
): string {
  const share = shard.count > 1 ? `, ${own} of them for process ${shard.index} of ${shard.count}` : '';
  const place = typeof photographs === 'string' ? ` in ${photographs}` : '';
  const done = left < own ? `, ${own - left} finished before` : '';
  return `${title} (${precision}) from ${snapshot} on ${all} ${all === 1 ? 'photograph' : 'photographs'}${place}${share}${done}`;
}

function factsOf(options: SegmentOptions, snapshot: string): [string, string][] {
  const { title, precision, scales, flip, fusion, maxSide } = options;
  return [
    ['network', title],
    ['snapshot', snapshot],
    ['precision', precision],
    ['scales', `${scales.join(', ')}${flip ? ', each also mirrored' : ''}`],
    ['fusion', fusion],
    ['longest side', `${maxSide} pixels`],
  ];
}

/**
 * Compares all existing predictions with the labels: prints a table, and writes JSON to the output folder.
 */
async function report(
  labels: Labels,
  names: readonly string[],
  { outDir }: SegmentOptions,
  progress: Progress,
): Promise<FolderScores> {
  const scores = await folderScores(labels, names, outDir);
  for (const reason of scores.failed) progress.note(`error: ${reason}`);
  const without =
    scores.missing.length > 0 ? `, ${scores.missing.length} without a label or a prediction` : '';
  progress.note(`compared with the labels in ${labels.folder.path}: ${scores.images} images${without}`);
  progress.note(formatLabels(scores.result).trimEnd());
  await writeFileAtomic(join(outDir, SCORES_FILE), labelsJson(scores.result));
  return scores;
}

async function checkWritable(outDir: string): Promise<void> {
  try {
    await mkdir(outDir, { recursive: true });
    await access(outDir, constants.W_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`cannot write to the output folder ${outDir}: ${reason}`);
  }
}
