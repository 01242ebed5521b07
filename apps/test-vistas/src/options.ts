/** Option parsers of test-vistas. */
import { CommandLineError } from '@inplace-abn/cli';
import { InvalidArgumentError } from 'commander';

export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** The options by which processes share the photographs. */
export interface Sharing {
  readonly nproc?: number;
  readonly shard?: Shard;
  /**
   * The names that the reference's programs have for a share, and its launcher for the number of processes.
   */
  readonly rank?: number;
  readonly worldSize?: number;
}

/**
 * How many processes to start, or which share is this one's. @throws {CommandLineError} for options that do
 * not go together
 */
export function sharingOf({ nproc, shard, rank, worldSize }: Sharing): { nproc: number; shard?: Shard } {
  if (rank !== undefined && worldSize === undefined) throw new CommandLineError('--rank needs --world-size');
  const given = Object.entries({ '--shard': shard, '--nproc': nproc, '--world-size': worldSize });
  const [one, other] = given.filter(([, value]) => value !== undefined);
  if (one && other) {
    throw new CommandLineError(`${one[0]} and ${other[0]} both say how the photographs are shared: give one`);
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

/** `0/4`: the first of four shares. */
export function shard(text: string): Shard {
  const [, index = '', count = ''] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const result = { index: Number(index), count: Number(count) };
  if (index !== '' && result.index < result.count) return result;
  throw new InvalidArgumentError('Expected i/n with i from 0 to n − 1, such as 0/4.');
}
