import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { numberList, shard } from '../src/options.js';

describe('--scales', () => {
  it.each([
    ['[0.7, 1, 1.2]', [0.7, 1, 1.2]],
    ['0.5,1', [0.5, 1]],
    [' [ 2 ] ', [2]],
    ['1e-1', [0.1]],
  ])('%j', (text, expected) => {
    expect(numberList(text)).toEqual(expected);
  });

  it.each(['', '[]', '[1,]', '0', '-1', '1, x', 'NaN', 'Infinity', '[1', '1 2', '[[1]]'])(
    'not %j',
    (text) => {
      expect(() => numberList(text)).toThrow(InvalidArgumentError);
    },
  );
});

describe('--shard', () => {
  it.each([
    ['0/1', { index: 0, count: 1 }],
    ['3/4', { index: 3, count: 4 }],
    ['10/16', { index: 10, count: 16 }],
  ])('%j', (text, expected) => {
    expect(shard(text)).toEqual(expected);
  });

  it.each(['', '1', '4/4', '0/0', '-1/4', '1/', '/2', '0.5/2', 'a/b', '1/2/3'])('not %j', (text) => {
    expect(() => shard(text)).toThrow(InvalidArgumentError);
  });
});
