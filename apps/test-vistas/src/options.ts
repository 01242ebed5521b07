/** Option parsers of test-vistas. */
import { InvalidArgumentError } from 'commander';

/** `[0.7, 1, 1.2]`, or the numbers alone: positive numbers, at least one. */
export function numberList(text: string): number[] {
  const inner = text.trim().replace(/^\[(.*)\]$/, '$1');
  const numbers = inner.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (numbers.every((value) => Number.isFinite(value) && value > 0)) return numbers;
  throw new InvalidArgumentError('Expected positive numbers such as "[0.7, 1, 1.2]".');
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

/** `1500000000`, `1500MB`, `1.5 GiB` → bytes. */
export function bytes(text: string): number {
  const [, number = '', unit = ''] = /^\s*([\d.]+)\s*([a-zA-Z]*)\s*$/.exec(text) ?? [];
  const value = Number(number) * (UNITS[unit.toUpperCase()] ?? Number.NaN);
  if (number !== '' && Number.isFinite(value) && value >= 1) return Math.floor(value);
  throw new InvalidArgumentError('Expected bytes, such as 1500000000, 1500MB or 1.5GiB.');
}

/** `0/4`: the first of four shares. */
export function shard(text: string): { index: number; count: number } {
  const [, index = '', count = ''] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const result = { index: Number(index), count: Number(count) };
  if (index !== '' && result.index < result.count) return result;
  throw new InvalidArgumentError('Expected i/n with i from 0 to n − 1, such as 0/4.');
}
