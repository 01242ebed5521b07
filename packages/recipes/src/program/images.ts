/** Options about reading images that several programs have. */
import type { Advice } from '@inplace-abn/cli';
import type { SkippedImage } from '@inplace-abn/data';
import { InvalidArgumentError, Option } from 'commander';
import { pixels, positive } from './numbers.js';

/** The values of {@link imageOptions}. */
export interface ImageOptions {
  /** Side of the crop in pixels; absent: the configuration's. */
  readonly crop?: number;
  /** Shorter side that images are resized to, in pixels; absent: the configuration's. */
  readonly scale?: number;
  /** Images to load in parallel. */
  readonly workers: number;
  /** Batches between lines where the output is not a terminal. */
  readonly printFreq: number;
}

/** The options that say how a classifier takes images, and how many are in work. */
export function imageOptions(): Option[] {
  return [
    new Option(
      '-c, --crop <n>',
      'side of the crop in pixels (default: as in validation, input.crop_val)',
    ).argParser(positive),
    new Option(
      '-s, --scale <n>',
      'resize the shorter side first; -1: keep the size (default: as in validation, input.scale_val)',
    ).argParser(minusOneOrPositive),
    new Option('-j, --workers <n>', 'images to load in parallel').argParser(positive).default(2),
    new Option('-p, --print-freq <n>', 'print every N batches if the output is not a terminal')
      .argParser(positive)
      .default(10),
  ];
}

/** The option that says how many pixels an image may have. */
export function maxPixelsOption(): Option {
  return new Option(
    '--max-pixels <n>',
    'reject images with more pixels, since a small file may claim any size (default: 134217728, 0.4 GB decoded; less for crops below 91×91)',
  ).argParser(pixels);
}

const SETS_MAX_PIXELS = ' (--max-pixels sets maxPixels)';

/** How an error about an image of too many pixels ends where a program has that option. */
export const MAX_PIXELS_ADVICE: Advice = { 'too-large': SETS_MAX_PIXELS };

/** Why an image was left out, for the output of a program that has that option. */
export function reasonWithOption({ reason, code }: Pick<SkippedImage, 'reason' | 'code'>): string {
  return code === 'too-large' ? `${reason}${SETS_MAX_PIXELS}` : reason;
}

/**
 * Option parser: a whole number of at least 1, or -1.
 *
 * @throws InvalidArgumentError for another text
 */
export function minusOneOrPositive(text: string): number {
  if (text === '-1') return -1;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('Expected a whole number of at least 1, or -1.');
}
