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

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};

/** Option parser: `1500000000`, `1500MB`, `1.5 GiB` → bytes. */
export function bytes(text: string): number {
  const [, number = '', unit = ''] = /^\s*([\d.]+)\s*([a-zA-Z]*)\s*$/.exec(text) ?? [];
  const value = Number(number) * (UNITS[unit.toUpperCase()] ?? Number.NaN);
  if (number !== '' && Number.isFinite(value) && value >= 1) return Math.floor(value);
  throw new InvalidArgumentError('Expected bytes, such as 1500000000, 1500MB or 1.5GiB.');
}

function atLeast(text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`);
}
