/** Options for reading images that several programs share. */
import type { Advice } from '@inplace-abn/cli';
import type { SkippedImage } from '@inplace-abn/data';
import { InvalidArgumentError, Option } from 'commander';
import { pixels, positive } from './numbers.js';

/** The values of {@link imageOptions}. */
export interface ImageOptions {
  /** Side of the crop in pixels; default: the configuration's. */
  readonly crop?: number;
  /** Length of the shorter side after resizing, in pixels; default: the configuration's. */
  readonly scale?: number;
  /** Images to load in parallel. */
  readonly workers: number;
  /** Batches between progress lines if the output is not a terminal. */
  readonly printFreq: number;
}

/** Options for the preprocessing of a classifier, loading and progress. */
export function imageOptions(): Option[] {
  return [
    new Option(
      '-c, --crop <n>',
      'side of the crop in pixels (default: as in validation, input.crop_val)',
    ).argParser(positive),
    new Option(
      '-s, --scale <n>',
      'resize the shorter side to n pixels first; -1: keep the size (default: as in validation, input.scale_val)',
    ).argParser(minusOneOrPositive),
    new Option('-j, --workers <n>', 'images to load in parallel').argParser(positive).default(2),
    new Option('-p, --print-freq <n>', 'print every N batches if the output is not a terminal')
      .argParser(positive)
      .default(10),
  ];
}

/** The option that limits the pixels of an image. */
export function maxPixelsOption(): Option {
  return new Option(
    '--max-pixels <n>',
    'reject images with more pixels, since a small file may claim any size (default: 134217728, 0.4 GB decoded; less for crops below 91×91)',
  ).argParser(pixels);
}

const SETS_MAX_PIXELS = ' (--max-pixels sets maxPixels)';

/** The end of an error about an image with too many pixels, for programs with that option. */
export const MAX_PIXELS_ADVICE: Advice = { 'too-large': SETS_MAX_PIXELS };

/** Why an image was skipped, for the output of a program with that option. */
export function reasonWithOption({ reason, code }: Pick<SkippedImage, 'reason' | 'code'>): string {
  return code === 'too-large' ? `${reason}${SETS_MAX_PIXELS}` : reason;
}

/** Option parser: a whole number of at least 1, or -1. @throws InvalidArgumentError for another text */
function minusOneOrPositive(text: string): number {
  if (text === '-1') return -1;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('Expected a whole number of at least 1, or -1.');
}
