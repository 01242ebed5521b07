import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { bytes, finite, positiveNumbers } from '../../src/index.js';

describe('finite', () => {
  it('takes any number', () => {
    expect(['0.01', '0', '-2', '1e-3'].map(finite)).toEqual([0.01, 0, -2, 0.001]);
    for (const text of ['', ' ', 'x', 'NaN', 'Infinity'])
      expect(() => finite(text)).toThrow('Expected a number.');
  });
});

describe('bytes', () => {
  it.each([
    ['1500000000', 1.5e9],
    ['1500MB', 1.5e9],
    ['1.5 GiB', 1.5 * 2 ** 30],
    ['2gib', 2 * 2 ** 30],
    ['3kB', 3000],
    ['1KiB', 1024],
    ['1.5B', 1],
    [' 7 ', 7],
  ])('%j', (text, expected) => {
    expect(bytes(text)).toBe(expected);
  });

  it.each(['', 'MB', '-1MB', '0', '0.5', '1TBX', '1.2.3GB', '1 500', 'NaN', '1e9', 'lots'])(
    'not %j',
    (text) => {
      expect(() => bytes(text)).toThrow(InvalidArgumentError);
    },
  );
});

describe('positiveNumbers', () => {
  it.each([
    ['[0.7, 1, 1.2]', [0.7, 1, 1.2]],
    ['0.5,1', [0.5, 1]],
    [' [ 2 ] ', [2]],
    ['1e-1', [0.1]],
  ])('%j', (text, expected) => {
    expect(positiveNumbers(text)).toEqual(expected);
  });

  it.each(['', '[]', '[1,]', '0', '-1', '1, x', 'NaN', 'Infinity', '[1', '1 2', '[[1]]'])(
    'not %j',
    (text) => {
      expect(() => positiveNumbers(text)).toThrow(InvalidArgumentError);
    },
  );
});
