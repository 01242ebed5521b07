/** Options for segmenting photographs that several programs share. */
import type { FusionMode } from '@inplace-abn/core';
import { Option } from 'commander';
import { OUTPUT_MODES, type OutputMode } from '../segmenting/folder/folder-run.js';
import type { SegmentOptions } from '../segmenting/folder/segment-photographs.js';
import { bytes, positive, positiveNumbers } from './numbers.js';

/** The values of {@link segmentingOptions}. */
export interface SegmentingOptions {
  /** Scales to predict at, relative to the photograph's size. */
  readonly scales: readonly number[];
  /** Whether to predict the mirror images too. */
  readonly flip?: boolean;
  /** How to combine the predictions. */
  readonly fusionMode: FusionMode;
  /** `final` is upstream's name for its default, `raw`. */
  readonly outputMode: OutputMode | 'final';
  /** Whether to also write the classes drawn over the photograph. */
  readonly overlay?: boolean;
  /** Folder of label maps to compare the predictions with. */
  readonly labels?: string;
  /** Length of the longest side after resizing, in pixels. */
  readonly maxSize: number;
  /** Dtype of activations; `bf16` means `bfloat16`. */
  readonly precision: 'float32' | 'bf16' | 'bfloat16';
  /** Limit for weights and activations together, in bytes. */
  readonly memoryBudget?: number;
  /** Whether to skip photographs whose outputs exist. */
  readonly resume?: boolean;
}

/** Options for how photographs are predicted, and for the files written for each. */
export function segmentingOptions(): Option[] {
  return [
    new Option(
      '--scales <list>',
      'predict at these scales of the photograph, and fuse the predictions: "[0.7, 1, 1.2]"',
    )
      .argParser(positiveNumbers)
      .default([0.7, 1, 1.2]),
    new Option('--flip', 'also predict the mirror image at each scale'),
    new Option('--fusion-mode <mode>', 'how to fuse the predictions of scales and mirror images')
      .choices(['mean', 'voting', 'max'])
      .default('mean'),
    new Option(
      '--output-mode <mode>',
      'write NAME.png with colors (palette) or class ids in gray (raw, final); prob: also NAME_prob.png',
    )
      .choices([...OUTPUT_MODES, 'final'])
      .default('raw'),
    new Option('--overlay', 'also write NAME_overlay.png: the classes over the photograph'),
    new Option(
      '--labels <dir>',
      'compare with the class ids in DIR/NAME.png: print the IoU of each class, and write labels.json to the output folder',
    ),
    new Option('--max-size <n>', 'resize the longest side to n pixels first; outputs have the original size')
      .argParser(positive)
      .default(2048),
    new Option('--precision <dtype>', 'compute activations in this dtype')
      .choices(['float32', 'bf16', 'bfloat16'])
      .default('float32'),
    new Option(
      '--memory-budget <bytes>',
      'limit the memory of weights and activations together: 1500MB, 2GiB (default: no limit)',
    ).argParser(bytes),
    new Option('--resume', 'skip photographs whose outputs exist'),
  ];
}

type Segmenting = Pick<
  SegmentOptions,
  | 'precision'
  | 'scales'
  | 'flip'
  | 'fusion'
  | 'mode'
  | 'overlay'
  | 'maxSide'
  | 'memoryBudget'
  | 'labels'
  | 'resume'
>;

/** Converts these options to those of `segmentPhotographs`. */
export function segmentingOf(options: SegmentingOptions): Segmenting {
  const { scales, flip = false, overlay = false, resume = false, memoryBudget, labels } = options;
  return {
    precision: options.precision === 'bf16' ? 'bfloat16' : options.precision,
    mode: options.outputMode === 'final' ? 'raw' : options.outputMode,
    fusion: options.fusionMode,
    maxSide: options.maxSize,
    scales,
    flip,
    overlay,
    memoryBudget,
    labels,
    resume,
  };
}
