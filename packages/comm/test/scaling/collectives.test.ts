import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cluster, collectiveTimes, type Link, processesOf } from '../../src/index.js';
import { better, cluster, messageBytes, TOPOLOGIES } from './clusters.js';

const COLLECTIVES = ['allReduce', 'allGather', 'broadcast'] as const;
const SEGMENT = 128 * 1024;

function flat(processes: number, between: Link): Cluster {
  return { nodes: processes, perNode: 1, between, within: between, topology: 'ring' };
}

/** Seconds of a turn of Gloo's ring, message by message: each process sends when the segment before the last has come. */
function turn(links: readonly Link[], bytes: number): number {
  const count = links.length;
  const segments = Math.max(2, Math.ceil(bytes / SEGMENT));
  const sends = (count - 1) * segments;
  const came = links.map(() => [] as number[]);
  const free = links.map(() => 0);
  for (let i = 0; i < sends; i++) {
    links.forEach(({ bandwidth, latency }, rank) => {
      const may = i < 2 ? 0 : (came[rank]?.[i - 2] ?? 0);
      const sent = Math.max(may, free[rank] ?? 0) + bytes / segments / bandwidth;
      free[rank] = sent;
      came[(rank + 1) % count]?.push(sent + latency);
    });
  }
  return Math.max(...came.flat());
}

describe('collectiveTimes', () => {
  it.each(COLLECTIVES)('is never longer on better links: %s', (collective) => {
    fc.assert(
      fc.property(
        cluster,
        messageBytes,
        fc.constantFrom('bandwidth', 'latency'),
        fc.double({ min: 1, max: 1e6, noNaN: true }),
        (from, bytes, what, factor) => {
          const [before, after] = [from, better(from, what, factor)].map((each) =>
            collectiveTimes(each)[collective](bytes),
          );
          expect(after).toBeLessThanOrEqual((before ?? 0) * (1 + 1e-12));
        },
      ),
    );
  });

  it('takes no time for one process', () => {
    for (const topology of TOPOLOGIES) {
      const times = collectiveTimes({ ...flat(1, { bandwidth: 1, latency: 1 }), topology });
      expect(COLLECTIVES.map((name) => times[name](1e6))).toEqual([0, 0, 0]);
      expect(times.held('allReduce')).toBe(0);
    }
  });

  it('moves what a node has to send and receive', () => {
    fc.assert(
      fc.property(cluster, messageBytes, (of, bytes) => {
        const { nodes, between } = of;
        const { allReduce, allGather } = collectiveTimes(of);
        const least = (share: number) => ((share * bytes) / between.bandwidth) * (1 - 1e-9);
        expect(allReduce(bytes)).toBeGreaterThanOrEqual(least((2 * (nodes - 1)) / nodes));
        expect(allGather(bytes)).toBeGreaterThanOrEqual(least((nodes - 1) * of.perNode));
      }),
    );
  });

  it('of a ring of equal links is that of its messages, one by one', () => {
    const gigabit = { bandwidth: 1.25e8, latency: 1e-4 };
    for (const latency of [1e-6, 1e-4, 1e-3, 1e-1]) {
      for (const processes of [2, 3, 4, 7]) {
        for (const bytes of [4, 64, 5e3, 1e6, 3.3e6]) {
          const link = { ...gigabit, latency };
          const { allReduce, allGather } = collectiveTimes(flat(processes, link));
          const links = Array.from({ length: processes }, () => link);
          expect(allReduce(bytes)).toBeCloseTo(2 * turn(links, bytes / processes), 9);
          expect(allGather(bytes)).toBeCloseTo(turn(links, bytes), 9);
        }
      }
    }
  });

  it('of a long vector on a ring is 2·(P − 1)/P·M/B, and of a short one 2·(P − 1)·α', () => {
    const link = { bandwidth: 1e9, latency: 1e-5 };
    for (const processes of [2, 8, 100]) {
      const { allReduce } = collectiveTimes(flat(processes, link));
      const wire = (2 * (processes - 1) * 1e9) / processes / link.bandwidth;
      expect(allReduce(1e9)).toBeCloseTo(wire + 2 * link.latency, 9);
      const turns = 2 * (processes - 1) * link.latency;
      expect(allReduce(4) / turns).toBeCloseTo(1, 2);
    }
  });

  it('of a ring through nodes is near that of its messages', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 4 }),
        fc.integer({ min: 2, max: 4 }),
        fc.integer({ min: 1, max: 5_000_000 }),
        fc.constantFrom(1e-6, 1e-4, 1e-2),
        (nodes, perNode, bytes, latency) => {
          const between = { bandwidth: 1e8, latency };
          const within = { bandwidth: 1e9, latency: latency / 10 };
          const of: Cluster = { nodes, perNode, between, within, topology: 'ring' };
          const links = Array.from({ length: processesOf(of) }, (_, rank) =>
            (rank + 1) % perNode === 0 ? between : within,
          );
          const exact = 2 * turn(links, bytes / links.length);
          const found = collectiveTimes(of).allReduce(bytes);
          expect(found / exact).toBeGreaterThan(0.85);
          expect(found / exact).toBeLessThan(1.25);
        },
      ),
    );
  });

  it('over many nodes of several devices is shorter in a hierarchy, until a vector is so long that the ring is full', () => {
    const of = {
      nodes: 64,
      perNode: 8,
      between: { bandwidth: 1.25e10, latency: 5e-6 },
      within: { bandwidth: 1e11, latency: 2e-6 },
    };
    const seconds = (topology: Cluster['topology'], bytes: number) =>
      collectiveTimes({ ...of, topology }).allReduce(bytes);
    for (const bytes of [1e4, 1e6]) {
      expect(seconds('hierarchical', bytes)).toBeLessThan(seconds('ring', bytes));
    }
    expect(seconds('ring', 1e9)).toBeLessThan(seconds('hierarchical', 1e9));
    expect(seconds('tree', 1e4)).toBeLessThan(seconds('hierarchical', 1e4));
  });
});
