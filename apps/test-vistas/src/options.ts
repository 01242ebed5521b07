/** Option parsers of test-vistas. */
import { InvalidArgumentError } from 'commander';

/** `[0.7, 1, 1.2]`, or the numbers alone: positive numbers, at least one. */
export function numberList(text: string): number[] {
  const inner = text.trim().replace(/^\[(.*)\]$/, '$1');
  const numbers = inner.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (numbers.every((value) => Number.isFinite(value) && value > 0)) return numbers;
  throw new InvalidArgumentError('Expected positive numbers such as "[0.7, 1, 1.2]".');
}

/** `0/4`: the first of four shares. */
export function shard(text: string): { index: number; count: number } {
  const [, index = '', count = ''] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const result = { index: Number(index), count: Number(count) };
  if (index !== '' && result.index < result.count) return result;
  throw new InvalidArgumentError('Expected i/n with i from 0 to n − 1, such as 0/4.');
}
