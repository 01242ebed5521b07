import { parseBytes } from '@inplace-abn/core';
import { MOST_PIXELS } from '@inplace-abn/data';
import { InvalidArgumentError } from 'commander';

/** Option parser: a whole number of at least 1. @throws InvalidArgumentError for another text */
export function positive(text: string): number {
  return atLeast(text, 1);
}

/**
 * Option parser: pixels that an image may have, a whole number of at least 1.
 *
 * @throws InvalidArgumentError for another text, and beyond the most that a loader takes
 */
export function pixels(text: string): number {
  const value = positive(text);
  if (value <= MOST_PIXELS) return value;
  throw new InvalidArgumentError(`Expected at most ${MOST_PIXELS} pixels.`);
}

/** Option parser: a whole number of at least 0. @throws InvalidArgumentError for another text */
export function nonNegative(text: string): number {
  return atLeast(text, 0);
}

/**
 * Option parser: whole numbers of at least 1, separated by commas.
 *
 * @throws InvalidArgumentError for another text
 */
export function positives(text: string): number[] {
  return text.split(',').map(positive);
}

/**
 * Option parser: `[0.7, 1, 1.2]`, or the numbers alone: positive numbers, at least one.
 *
 * @throws InvalidArgumentError for another text
 */
export function positiveNumbers(text: string): number[] {
  const inner = text.trim().replace(/^\[(.*)\]$/, '$1');
  const numbers = inner.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (numbers.every((value) => Number.isFinite(value) && value > 0)) return numbers;
  throw new InvalidArgumentError('Expected positive numbers such as "[0.7, 1, 1.2]".');
}

/** Option parser: any number. @throws InvalidArgumentError for another text */
export function finite(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number.');
}

/** Option parser: a number above 0 and below 1. @throws InvalidArgumentError for another text */
export function fraction(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value < 1) return value;
  throw new InvalidArgumentError('Expected a number above 0 and below 1.');
}

/** Option parser: `1500000000`, `1500MB`, `1.5 GiB` → bytes. @throws InvalidArgumentError for another text */
export function bytes(text: string): number {
  const value = parseBytes(text);
  if (value !== null) return value;
  throw new InvalidArgumentError('Expected bytes, such as 1500000000, 1500MB or 1.5GiB.');
}

function atLeast(text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`);
}
