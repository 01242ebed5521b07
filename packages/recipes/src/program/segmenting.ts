/** Options about segmenting photographs that several programs have. */
import type { FusionMode } from '@inplace-abn/core';
import { Option } from 'commander';
import { OUTPUT_MODES, type OutputMode } from '../segmenting/folder/folder-run.js';
import type { SegmentOptions } from '../segmenting/folder/segment-photographs.js';
import { bytes, positive, positiveNumbers } from './numbers.js';

/** The values of {@link segmentingOptions}. */
export interface SegmentingOptions {
  /** Factors of the photograph's size. */
  readonly scales: readonly number[];
  /** Whether to predict the mirror images as well. */
  readonly flip?: boolean;
  /** How the predictions are combined. */
  readonly fusionMode: FusionMode;
  /** final: upstream's name for its default, raw. */
  readonly outputMode: OutputMode | 'final';
  /** Whether to write the classes over the photograph. */
  readonly overlay?: boolean;
  /** Folder of label maps to compare with. */
  readonly labels?: string;
  /** Pixels that the longest side is resized to. */
  readonly maxSize: number;
  /** Dtype of activations; bf16 is bfloat16. */
  readonly precision: 'float32' | 'bf16' | 'bfloat16';
  /** Bytes for weights and activations. */
  readonly memoryBudget?: number;
  /** Whether to skip photographs whose outputs are there. */
  readonly resume?: boolean;
}

/** The options that say how a network looks at photographs, and what is written of each. */
export function segmentingOptions(): Option[] {
  return [
    new Option(
      '--scales <list>',
      'predict at these factors of the photograph’s size, and fuse: "[0.7, 1, 1.2]"',
    )
      .argParser(positiveNumbers)
      .default([0.7, 1, 1.2]),
    new Option('--flip', 'also predict the mirror image at each scale'),
    new Option('--fusion-mode <mode>', 'combine the predictions of several scales')
      .choices(['mean', 'voting', 'max'])
      .default('mean'),
    new Option(
      '--output-mode <mode>',
      'write class ids with colors (palette), in gray (raw; also final), or in gray with NAME_prob.png (prob)',
    )
      .choices([...OUTPUT_MODES, 'final'])
      .default('raw'),
    new Option('--overlay', 'also write NAME_overlay.png: the classes over the photograph'),
    new Option(
      '--labels <dir>',
      'compare with the class ids in DIR/NAME.png: IoU of each class, as a table and in labels.json of the output',
    ),
    new Option('--max-size <n>', 'resize the longest side to this many pixels')
      .argParser(positive)
      .default(2048),
    new Option('--precision <dtype>', 'compute activations in this dtype')
      .choices(['float32', 'bf16', 'bfloat16'])
      .default('float32'),
    new Option(
      '--memory-budget <bytes>',
      'limit the memory of weights and activations: 1500MB, 2GiB',
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

/** Those options as `segmentPhotographs` takes them. */
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
