/** Option parsers of test-vistas. */
import { CommandLineError } from '@inplace-abn/cli';
import { InvalidArgumentError } from 'commander';

export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** Options that divide the photographs among processes. */
export interface Sharing {
  readonly nproc?: number;
  readonly shard?: Shard;
  /**
   * Upstream's options. Its programs take both to choose a share; its launcher takes the number of processes.
   */
  readonly rank?: number;
  readonly worldSize?: number;
}

/**
 * The number of processes to start, or the share of this one.
 *
 * @throws {CommandLineError} for options that exclude each other
 */
export function sharingOf({ nproc, shard, rank, worldSize }: Sharing): { nproc: number; shard?: Shard } {
  if (rank !== undefined && worldSize === undefined) throw new CommandLineError('--rank needs --world-size');
  const given = Object.entries({ '--shard': shard, '--nproc': nproc, '--world-size': worldSize });
  const [one, other] = given.filter(([, value]) => value !== undefined);
  if (one && other) {
    throw new CommandLineError(`${one[0]} and ${other[0]} both divide the photographs: give only one`);
  }
  if (worldSize === undefined) return { nproc: nproc ?? 1, shard };
  if (rank === undefined) return { nproc: worldSize };
  if (rank >= worldSize) {
    throw new CommandLineError(
      `--rank is ${rank} but --world-size is ${worldSize}: ranks are counted from 0`,
    );
  }
  return { nproc: 1, shard: { index: rank, count: worldSize } };
}

/** Option parser: `0/4`, the first of four shares. @throws InvalidArgumentError for another text */
export function shard(text: string): Shard {
  const [, index = '', count = ''] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const result = { index: Number(index), count: Number(count) };
  if (index !== '' && result.index < result.count) return result;
  throw new InvalidArgumentError('Expected i/n with i from 0 to n − 1, such as 0/4.');
}
