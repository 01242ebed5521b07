// RandAugment and TrivialAugmentWide: torchvision's lists of operations, in its order, with its magnitudes.
// Source: torchvision, `transforms/autoaugment.py`.

import { roundHalfEven, type Size } from './geometry.js';
import type { Random } from './random.js';

/** Operations of both policies, by torchvision's names. */
export const OPERATIONS = [
  'Identity',
  'ShearX',
  'ShearY',
  'TranslateX',
  'TranslateY',
  'Rotate',
  'Brightness',
  'Color',
  'Contrast',
  'Sharpness',
  'Posterize',
  'Solarize',
  'AutoContrast',
  'Equalize',
] as const;

export type Operation = (typeof OPERATIONS)[number];

/**
 * An operation as drawn. `magnitude` has torchvision's units: degrees, pixels, a factor minus 1, bits, or a
 * level.
 */
export interface Step {
  readonly operation: Operation;
  readonly magnitude: number;
}

/** Options of RandAugment, named as torchvision's. */
export interface RandAugmentOptions {
  /** Operations in sequence. Default 2. */
  numOps?: number;
  /** Index of the magnitude of all operations. Default 9. */
  magnitude?: number;
  /** Number of magnitudes. Default 31. */
  numMagnitudeBins?: number;
}

/** Draws the operations for an image of this size. */
export type Policy = (random: Random, size: Size) => Step[];

/** Maximum magnitudes of a policy. */
interface Ranges {
  readonly shear: number;
  readonly translate: (side: number) => number;
  readonly rotate: number;
  readonly enhance: number;
  /** Bits that the strongest `Posterize` drops. */
  readonly posterize: number;
}

const RAND: Ranges = {
  shear: 0.3,
  translate: (side) => (150 / 331) * side,
  rotate: 30,
  enhance: 0.9,
  posterize: 4,
};
const WIDE: Ranges = { shear: 0.99, translate: () => 32, rotate: 135, enhance: 0.99, posterize: 6 };

/** RandAugment (Cubuk et al. 2020). @throws RangeError for an option out of range */
export function randAugment(options: RandAugmentOptions = {}): Policy {
  const { numOps = 2, magnitude = 9, numMagnitudeBins = 31 } = options;
  checkInteger('numOps', numOps, 1);
  checkInteger('numMagnitudeBins', numMagnitudeBins, 2);
  checkInteger('magnitude', magnitude, 0, numMagnitudeBins - 1);
  return (random, size) =>
    Array.from({ length: numOps }, () => {
      const operation = OPERATIONS[random.below(OPERATIONS.length)] ?? 'Identity';
      return signed(operation, randMagnitude(operation, magnitude, size, numMagnitudeBins), random);
    });
}

/** TrivialAugmentWide (Müller, Hutter 2021): one operation. @throws RangeError for fewer than two bins */
export function trivialAugmentWide(bins = 31): Policy {
  checkInteger('numMagnitudeBins', bins, 2);
  return (random, size) => {
    const operation = OPERATIONS[random.below(OPERATIONS.length)] ?? 'Identity';
    const index = hasMagnitude(operation) ? random.below(bins) : 0;
    return [signed(operation, wideMagnitude(operation, index, size, bins), random)];
  };
}

/** RandAugment's magnitude number `index` of `bins`, without its sign. */
export function randMagnitude(operation: Operation, index: number, size: Size, bins: number): number {
  return magnitudeOf(operation, index, size, bins, RAND);
}

/** The same for TrivialAugmentWide. */
export function wideMagnitude(operation: Operation, index: number, size: Size, bins: number): number {
  return magnitudeOf(operation, index, size, bins, WIDE);
}

function magnitudeOf(
  operation: Operation,
  index: number,
  { width, height }: Size,
  bins: number,
  ranges: Ranges,
): number {
  const upTo = (greatest: number) => linspace(0, greatest, bins, index);
  switch (operation) {
    case 'ShearX':
    case 'ShearY':
      return upTo(ranges.shear);
    case 'TranslateX':
      return upTo(ranges.translate(width));
    case 'TranslateY':
      return upTo(ranges.translate(height));
    case 'Rotate':
      return upTo(ranges.rotate);
    case 'Brightness':
    case 'Color':
    case 'Contrast':
    case 'Sharpness':
      return upTo(ranges.enhance);
    case 'Posterize':
      return 8 - roundHalfEven(index / ((bins - 1) / ranges.posterize));
    case 'Solarize':
      return linspace(255, 0, bins, index);
    case 'Identity':
    case 'AutoContrast':
    case 'Equalize':
      return 0;
  }
}

function hasMagnitude(operation: Operation): boolean {
  return operation !== 'Identity' && operation !== 'AutoContrast' && operation !== 'Equalize';
}

/** Negates the magnitude with probability ½, for the operations that torchvision negates. */
function signed(operation: Operation, magnitude: number, random: Random): Step {
  const either = hasMagnitude(operation) && operation !== 'Posterize' && operation !== 'Solarize';
  return { operation, magnitude: either && random.below(2) === 1 ? -magnitude : magnitude };
}

/** Numbers that `torch.linspace` makes at a time. */
const LANES = 8;

/**
 * `torch.linspace(start, end, bins)[index]` as its vectors of float32 round it, so that whole pixels are the
 * same.
 */
function linspace(start: number, end: number, bins: number, index: number): number {
  const { fround } = Math;
  const [first, last] = [fround(start), fround(end)];
  const step = fround(fround(last - first) / (bins - 1));
  const exact = (i: number) =>
    fround(i < Math.floor(bins / 2) ? first + step * i : last - step * (bins - 1 - i));
  const base = index - (index % LANES);
  return base + LANES <= bins ? fround(exact(base) + step * (index - base)) : exact(index);
}

function checkInteger(name: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new RangeError(`Expected a whole number ${range} for ${name} but received ${value}`);
}
