import { CommandLineError } from '@inplace-abn/cli';
import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { shard, sharingOf } from '../src/options.js';

describe('--shard', () => {
  it.each([
    ['0/1', { index: 0, count: 1 }],
    ['3/4', { index: 3, count: 4 }],
    ['10/16', { index: 10, count: 16 }],
  ])('%j', (text, expected) => {
    expect(shard(text)).toEqual(expected);
  });

  it.each(['', '1', '4/4', '0/0', '-1/4', '1/', '/2', '0.5/2', 'a/b', '1/2/3'])('refuses %j', (text) => {
    expect(() => shard(text)).toThrow(InvalidArgumentError);
  });
});

describe("the reference's --rank and --world-size", () => {
  it.each([
    [{}, { nproc: 1, shard: undefined }],
    [{ nproc: 3 }, { nproc: 3, shard: undefined }],
    [{ shard: { index: 1, count: 2 } }, { nproc: 1, shard: { index: 1, count: 2 } }],
    [
      { rank: 1, worldSize: 4 },
      { nproc: 1, shard: { index: 1, count: 4 } },
    ],
    [{ worldSize: 4 }, { nproc: 4 }],
  ])('%j', (options, expected) => {
    expect(sharingOf(options)).toEqual(expected);
  });

  it.each([
    [{ rank: 0 }, '--rank needs --world-size'],
    [{ rank: 2, worldSize: 2 }, '--rank is 2 but --world-size is 2'],
    [{ worldSize: 2, shard: { index: 0, count: 2 } }, '--shard and --world-size both divide'],
    [{ nproc: 2, shard: { index: 0, count: 2 } }, '--shard and --nproc both divide'],
    [{ nproc: 2, rank: 0, worldSize: 2 }, '--nproc and --world-size both divide'],
  ])('refuses %j', (options, message) => {
    expect(() => sharingOf(options)).toThrow(CommandLineError);
    expect(() => sharingOf(options)).toThrow(message);
  });
});
