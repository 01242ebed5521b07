import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { distBackendOption, localRankOption } from '../../src/index.js';

const parse = (...args: string[]) =>
  new Command()
    .addOption(distBackendOption())
    .addOption(localRankOption())
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parse(args, { from: 'user' })
    .opts();

describe('accepts options that torch.distributed.launch and published commands pass:', () => {
  it.each(['--local_rank=2', '--local-rank=2'])('%s', (argument) => {
    expect(parse(argument)).toEqual({ localRank: 2 });
  });

  it('--dist-backend', () => {
    expect(parse('--dist-backend', 'nccl')).toEqual({ distBackend: 'nccl' });
    expect(() => parse('--dist-backend', 'mpi')).toThrow('Allowed choices are gloo, nccl');
  });
});
