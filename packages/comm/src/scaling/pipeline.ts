/**
 * Segments that travel around a ring, as Gloo sends them: every process sends a segment once it has received the one before the last, so
 * that two are in flight. With n segments of w seconds on the wire each, and latency α:
 *
 *     wire-bound     n·w + α
 *     latency-bound  ⌊(n − 1)/2⌋·(w + α) + (2w if n is even, else w) + α
 *
 * and the longer of the two. Where hops differ, the slowest wire bounds the first, and the mean of w + α over the hops of a
 * turn the second: a segment's delay at one hop is made up for at the others.
 */
import { type Cluster, type Link, NO_LINK } from './cluster.js';

/** Most bytes of a segment: what native/comm/gloo/lane.cc asks of Gloo. */
export const SEGMENT_BYTES = 128 * 1024;
/** Gloo cuts the part of a process into two segments at least. */
const LEAST_SEGMENTS = 2;

/** A ring of processes, by its hops. */
export interface Ring {
  readonly processes: number;
  /** Each kind of hop, and how many of them a turn has. */
  readonly hops: readonly { readonly link: Link; readonly count: number }[];
}

/** The ring over all processes of a cluster, node after node. */
export function ringOf({ nodes, perNode, between, within }: Cluster): Ring {
  const hops = [
    { link: between, count: nodes > 1 ? nodes : 0 },
    { link: within, count: perNode > 1 ? nodes * (perNode - 1) + (nodes === 1 ? 1 : 0) : 0 },
  ];
  return { processes: nodes * perNode, hops: hops.filter(({ count }) => count > 0) };
}

/** The ring of `processes` over equal links. */
export function uniformRing(processes: number, link: Link): Ring {
  return { processes, hops: processes > 1 ? [{ link, count: processes }] : [] };
}

/** Seconds in which the parts of all processes, `bytes` each, travel once around the ring. */
export function turnSeconds({ processes, hops }: Ring, bytes: number): number {
  if (processes < 2 || bytes <= 0) return 0;
  const segments = Math.max(LEAST_SEGMENTS, Math.ceil(bytes / SEGMENT_BYTES));
  const count = (processes - 1) * segments;
  const wire = ({ bandwidth }: Link) => bytes / segments / bandwidth;
  const slowest = hops.reduce<Link>(
    (worst, { link }) => (link.bandwidth < worst.bandwidth ? link : worst),
    NO_LINK,
  );
  const width = wire(slowest);
  const latency = Math.max(...hops.map(({ link }) => link.latency));
  const around = hops.reduce((sum, hop) => sum + hop.count * (wire(hop.link) + hop.link.latency), 0);
  const delayed =
    Math.floor((count - 1) / 2) * (around / processes) + (count % 2 === 0 ? 2 : 1) * width + latency;
  return Math.max(count * width + latency, delayed);
}
