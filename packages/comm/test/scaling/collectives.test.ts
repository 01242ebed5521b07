import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cluster, collectiveTimes, type Link } from '../../src/index.js';
import { better, cluster, messageBytes, TOPOLOGIES } from './clusters.js';

const COLLECTIVES = ['allReduce', 'allGather', 'broadcast'] as const;
const SEGMENT = 128 * 1024;

function flat(processes: number, between: Link): Cluster {
  return { nodes: processes, perNode: 1, between, within: between, topology: 'ring' };
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

  it('takes at least the time of what a node sends and receives', () => {
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

  it('on a ring counts transfer and latency of each segment of a part 2·(P − 1) times', () => {
    const link = { bandwidth: 1e9, latency: 1e-5 };
    const times = collectiveTimes(flat(4, link));
    const segments = 8;
    const bytes = 4 * segments * SEGMENT;
    expect(times.allReduce(bytes)).toBeCloseTo(6 * segments * (SEGMENT / 1e9 + 1e-5), 12);
    // At least two segments.
    expect(times.allReduce(800)).toBeCloseTo(6 * 2 * (100 / 1e9 + 1e-5), 12);
    expect(times.allGather(800)).toBeCloseTo(3 * 2 * (400 / 1e9 + 1e-5), 12);
  });

  it('for a long vector on a ring without latency is 2·(P − 1)/P·M/B', () => {
    for (const processes of [2, 8, 100]) {
      const { allReduce } = collectiveTimes(flat(processes, { bandwidth: 1e9, latency: 0 }));
      expect(allReduce(1e9)).toBeCloseTo((2 * (processes - 1)) / processes, 9);
    }
  });

  it('on a ring through nodes lies between those with either of its links', () => {
    fc.assert(
      fc.property(cluster, messageBytes, ({ nodes, perNode, between, within }, bytes) => {
        const seconds = (outer: Link, inner: Link) =>
          collectiveTimes({ nodes, perNode, between: outer, within: inner, topology: 'ring' }).allReduce(
            bytes,
          );
        const found = seconds(between, within);
        expect(found).toBeLessThanOrEqual(seconds(between, between) * (1 + 1e-9));
        expect(found).toBeGreaterThanOrEqual(seconds(within, within) * (1 - 1e-9));
      }),
    );
  });

  it('in a hierarchy equals that on a ring for one node, or for one process per node', () => {
    fc.assert(
      fc.property(cluster, messageBytes, fc.constantFrom('nodes', 'perNode'), (of, bytes, single) => {
        const [hierarchy, ring] = (['hierarchical', 'ring'] as const).map((topology) =>
          collectiveTimes({ ...of, [single]: 1, topology }),
        );
        for (const name of COLLECTIVES) expect(hierarchy?.[name](bytes)).toBe(ring?.[name](bytes));
        expect(hierarchy?.held('allReduce')).toBe(ring?.held('allReduce'));
      }),
    );
  });

  it('in a hierarchy adds the work within each node to the ring of a column', () => {
    const [nodes, perNode] = [4, 2];
    const between = { bandwidth: 1e9, latency: 1e-5 };
    const within = { bandwidth: 1e10, latency: 1e-6 };
    const times = collectiveTimes({ nodes, perNode, between, within, topology: 'hierarchical' });
    const segments = 8;
    // The parts of a node's two processes share a link and hide its latency from each other.
    const bytes = nodes * perNode * segments * SEGMENT;
    const column = 6 * segments * ((perNode * SEGMENT) / 1e9);
    // Half of the vector in rounds of 2 MiB, there and back.
    const rounds = (nodes * segments) / 16 + 1;
    expect(times.allReduce(bytes)).toBeCloseTo(column + bytes / 1e10 + rounds * 1e-6, 12);
    const rows = 3 * 2 * (400 / 1e9 + 1e-5);
    expect(times.allGather(800)).toBeCloseTo(rows + 2 * ((nodes * 400) / 1e10 + 1e-6), 12);
    // With eight processes, 2 MiB of each row at a time.
    const slice = 2 * 2 ** 20;
    expect(times.allGather(2 * slice)).toBeCloseTo(2 * times.allGather(slice), 12);
  });

  it('over many nodes of several devices is shorter in a hierarchy, except for long vectors if links within a node are no faster', () => {
    const of = {
      nodes: 64,
      perNode: 8,
      between: { bandwidth: 1.25e10, latency: 5e-6 },
      within: { bandwidth: 1e11, latency: 2e-6 },
    };
    const seconds = (topology: Cluster['topology'], bytes: number, within = of.within) =>
      collectiveTimes({ ...of, within, topology }).allReduce(bytes);
    for (const bytes of [1e4, 1e6, 1e9]) {
      expect(seconds('hierarchical', bytes)).toBeLessThan(seconds('ring', bytes));
    }
    expect(seconds('ring', 1e9, of.between)).toBeLessThan(seconds('hierarchical', 1e9, of.between));
    expect(seconds('tree', 1e4)).toBeLessThan(seconds('hierarchical', 1e4));
  });
});
