/** Random clusters. */
import fc from 'fast-check';
import type { Cluster, Link } from '../../src/index.js';

/** Bandwidths and latencies from slow links to the fastest. */
const bandwidth = fc.double({ min: 6, max: 11, noNaN: true }).map((power) => 10 ** power);
const latency = fc.double({ min: -7, max: -1, noNaN: true }).map((power) => 10 ** power);
const link: fc.Arbitrary<Link> = fc.record({ bandwidth, latency });

export const TOPOLOGIES = ['ring', 'tree', 'hierarchical'] as const;

/** Links within a node are at least as good as those between nodes. */
export const cluster: fc.Arbitrary<Cluster> = fc
  .record({
    nodes: fc.integer({ min: 1, max: 600 }),
    perNode: fc.integer({ min: 1, max: 16 }),
    between: link,
    gain: fc.double({ min: 1, max: 100, noNaN: true }),
    topology: fc.constantFrom(...TOPOLOGIES),
  })
  .map(({ gain, ...rest }) => {
    const { bandwidth, latency } = rest.between;
    return { ...rest, within: { bandwidth: bandwidth * gain, latency: latency / gain } };
  });

export const messageBytes = fc
  .double({ min: 0, max: 8.5, noNaN: true })
  .map((power) => Math.round(10 ** power));

/** The same cluster with links that are better by `factor`. */
export function better(from: Cluster, what: 'bandwidth' | 'latency', factor: number): Cluster {
  const improved = (old: Link): Link =>
    what === 'bandwidth'
      ? { ...old, bandwidth: old.bandwidth * factor }
      : { ...old, latency: old.latency / factor };
  return { ...from, between: improved(from.between), within: improved(from.within) };
}
