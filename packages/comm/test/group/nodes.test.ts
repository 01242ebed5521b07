import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { perNodeOf, type SumTopology, topologyNamed } from '../../src/group/nodes.js';
import { freePort, initProcessGroup } from '../../src/index.js';
import { bytesOf, type CollectiveResults, expectCollectives } from '../support/collectives.js';
import { Pool } from '../support/pool.js';

const job = (name: string) => new URL(`jobs/${name}.mjs`, import.meta.url);

describe('perNodeOf', () => {
  const of = (localRanks: readonly number[], asked: SumTopology | null = null) =>
    perNodeOf(localRanks.map((localRank) => ({ localRank, asked })));

  it.each([
    ['two nodes of two', [0, 1, 0, 1], 2],
    ['two nodes of three', [0, 1, 2, 0, 1, 2], 3],
    ['three nodes of two', [0, 1, 0, 1, 0, 1], 2],
    ['one node', [0, 1, 2, 3], 1],
    ['one process on each', [0, 0, 0, 0], 1],
    ['one process', [0], 1],
    ['a smaller last node', [0, 1, 0], 1],
    ['a larger last node', [0, 1, 0, 1, 2], 1],
    ['a smaller first node', [0, 0, 1], 1],
    ['ranks dealt to nodes in turn', [0, 0, 1, 1], 1],
    ['local ranks above their node', [2, 3, 2, 3], 1],
  ])('of %s', (_, localRanks, perNode) => {
    expect(of(localRanks)).toBe(perNode);
    expect(of(localRanks, 'ring')).toBe(1);
    if (perNode > 1) expect(of(localRanks, 'hierarchical')).toBe(perNode);
    else
      expect(() => of(localRanks, 'hierarchical')).toThrow(
        `the local ranks are ${localRanks.join(', ')}: it needs two or more nodes`,
      );
  });

  it('refuses processes that were asked for different topologies', () => {
    const places = (['ring', 'ring', null, 'ring'] as const).map((asked, rank) => {
      return { localRank: rank % 2, asked };
    });
    expect(() => perNodeOf(places)).toThrow(
      'rank 2 has none, rank 0 has ring: set IABN_TOPOLOGY or the option',
    );
  });
});

it('has two topologies', () => {
  expect(topologyNamed('ring', 'IABN_TOPOLOGY')).toBe('ring');
  expect(() => topologyNamed('tree', 'IABN_TOPOLOGY')).toThrow(
    'IABN_TOPOLOGY is "tree": expected ring or hierarchical',
  );
});

describe.each([
  [2, 2],
  [3, 2],
  [2, 3],
])('%i nodes of %i processes', (nodes, perNode) => {
  let pool: Pool;
  const size = nodes * perNode;
  beforeAll(async () => {
    pool = await Pool.start(size, {}, { localRank: (rank) => rank % perNode });
  });
  afterAll(() => pool.close());

  // The parts of the longest vector take several segments of a ring.
  it.each([0, 1, 5, 1000, 150_001])('sum, gather and broadcast %i elements', async (length) => {
    const results = await pool.run<CollectiveResults>(job('collectives'), () => length);
    expectCollectives(results, length);
    expect(results.map(({ perNode: found }) => found)).toEqual(results.map(() => perNode));
  });

  // A process receives 2 MiB of a sum at a time: half a million elements from one other process. Slices of a
  // gathered row have 16 MiB divided by the number of processes. The last part and slice are shorter.
  it('sum and gather in several slices', async () => {
    const [elements, bytes] = [1_200_001, 4_500_001];
    const results = await pool.run(job('large'), () => ({ elements, bytes }));
    expect(results).toEqual(results.map(() => ({ wrongSum: -1, wrongRow: -1, lengths: [elements, size] })));
  });

  it('sum gradients in buckets', async () => {
    const sizes = [1, 5, 3000, 70_001, 2];
    const results = await pool.run<Float32Array[]>(job('buckets'), () => ({ sizes, bytes: 4096 }));
    for (const sums of results) {
      for (const [i, sum] of sums.entries()) {
        expect(bytesOf(sum).equals(bytesOf(results[0]?.[i]))).toBe(true);
      }
    }
    const exact = (i: number, j: number) =>
      results.reduce((sum, _, rank) => sum + Math.fround(Math.sin(i + j + rank)), 0);
    for (const [i, sum] of (results[0] ?? []).entries()) {
      expect(sum.length).toBe(sizes[i]);
      expect(sum.findIndex((value, j) => !(Math.abs(value - exact(i, j)) < 1e-6))).toBe(-1);
    }
  });
});

it('sums go around a ring on request', async () => {
  const pool = await Pool.start(4, { IABN_TOPOLOGY: 'ring' }, { localRank: (rank) => rank % 2 });
  const results = await pool.run<CollectiveResults>(job('collectives'), () => 17);
  await pool.close();
  expectCollectives(results, 17);
  expect(results.map(({ perNode }) => perNode)).toEqual([1, 1, 1, 1]);
});

it('groups that are created at the same time keep their own topologies', async () => {
  const pool = await Pool.start(4, {}, { localRank: (rank) => rank % 2 });
  const results = await pool.run(job('two-groups'));
  await pool.close();
  expect(results).toEqual(results.map(() => ({ perNode: [2, 1], sums: [10, 10] })));
});

/** All ranks meet in this process. */
describe('initProcessGroup', () => {
  const errorsOf = async (localRanks: readonly number[], asked: readonly (SumTopology | undefined)[]) => {
    const master = { host: '127.0.0.1', port: await freePort() };
    const size = localRanks.length;
    const outcomes = await Promise.allSettled(
      localRanks.map((localRank, rank) =>
        initProcessGroup({
          appointment: { placement: { rank, size, localRank }, master, launcher: 'torchrun' },
          topology: asked[rank],
          meetMs: 5_000,
        }),
      ),
    );
    return outcomes.map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason.message) : ''));
  };

  it('tells every rank that the topology differs', async () => {
    const errors = await errorsOf([0, 1, 0, 1], ['ring', 'ring', 'hierarchical', 'ring']);
    const differs = /^the topology differs: rank 2 has hierarchical, rank 0 has ring: set IABN_TOPOLOGY/;
    for (const error of errors) expect(error).toMatch(differs);
  });

  it('tells every rank that the nodes do not allow a hierarchy', async () => {
    const errors = await errorsOf([0, 1, 0], ['hierarchical', 'hierarchical', 'hierarchical']);
    const refused =
      /^the topology is hierarchical, and the local ranks are 0, 1, 0: it needs .* leave IABN_TOPOLOGY/;
    for (const error of errors) expect(error).toMatch(refused);
  });

  it('validates the option for untyped programs', async () => {
    const options: object = { topology: 'tree' };
    const appointment = {
      placement: { rank: 0, size: 2, localRank: 0 },
      master: { host: '127.0.0.1', port: 1 },
      launcher: 'torchrun',
    } as const;
    await expect(initProcessGroup({ appointment, ...options })).rejects.toThrow(
      'the option topology is "tree": expected ring or hierarchical',
    );
  });
});

/**
 * For a single number, only the first process of a node has a part. If rank 1 takes no part, rank 0 waits for
 * its value in the first phase, rank 2 for rank 0's sum in the second, rank 3 for rank 2's part in the last.
 */
describe('a rank that does not take part in a sum', () => {
  const rest = [0, 2, 3];
  let pool: Pool;
  afterEach(async () => {
    pool.broken = true;
    await pool.close();
  });
  const start = async (env: Readonly<Record<string, string>>) => {
    pool = await Pool.start(4, env, { localRank: (rank) => rank % 2 });
    return rest.map((rank) => pool.ask(rank, job('one-sum'), null));
  };

  it.each(['SIGKILL', 'SIGSTOP'] as const)('but is lost (%s) ends each of its phases', async (signal) => {
    const outcomes = await start({ IABN_LOSS_TIMEOUT: '1' });
    pool.children[1]?.kill(signal);
    const errors = (await Promise.all(outcomes)).map(({ error }) => error ?? '');
    for (const error of errors) {
      expect(error).toMatch(/^all_reduce in group world: /);
      expect(error).toMatch(/lost|clos|reset/i);
    }
    if (signal === 'SIGSTOP') expect(errors.join()).toContain('was lost: it sent nothing for 1 s');
  });

  it('but is alive ends each of its phases at the timeout', async () => {
    const outcomes = await start({ IABN_COLLECTIVE_TIMEOUT: '1' });
    const errors = (await Promise.all(outcomes)).map(({ error }) => error ?? '');
    for (const error of errors)
      expect(error).toMatch(/^all_reduce in group world: .*(timed out|clos|reset)/i);
    expect(errors.join()).toContain('Timed out');
  });

  it('but is alive ends the phases of all others at the first timeout', async () => {
    pool = await Pool.start(4, {}, { localRank: (rank) => rank % 2 });
    const outcomes = await pool.outcomes(job('impatient'), (rank) => {
      return { timeoutMs: rank === 0 ? 500 : 15_000, sums: rank !== 1 };
    });
    const errors = outcomes.map(({ error }) => error ?? '');
    expect(errors[0]).toContain('Timed out');
    for (const rank of [2, 3]) {
      expect(errors[rank]).toMatch(/^all_reduce in group impatient: .*(clos|reset)/i);
      expect(errors[rank]).not.toContain('Timed out');
    }
  });
});
