import { InvalidArgumentError } from 'commander';

/** Option parser: a whole number of at least 1. */
export function positive(text: string): number {
  return atLeast(text, 1);
}

/** Option parser: a whole number of at least 0. */
export function nonNegative(text: string): number {
  return atLeast(text, 0);
}

/** Option parser: whole numbers of at least 1, separated by commas. */
export function positives(text: string): number[] {
  return text.split(',').map(positive);
}

function atLeast(text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`);
}
