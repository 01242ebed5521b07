/**
 * Time of segments that travel around a ring, as Gloo sends them. A process sends a segment once it has
 * received the one before the last, and its receiver has announced that it is ready. The announcement travels
 * against the segments that are on their way. So although two segments are in flight, each costs its time on
 * the wire, w, and a latency, α; n of them cost
 *
 *     n·(w + α)
 *
 * If hops differ, a segment costs w of the slowest hop and the mean of α over the hops of a turn, because a
 * delay at one hop is made up for at the others.
 */
import type { Cluster, Link } from './cluster.js';

/** Maximum bytes of a segment, as native/comm/gloo/mesh.cc sets it. */
export const SEGMENT_BYTES = 128 * 1024;
/** Gloo splits the part of a process into at least two segments. */
const LEAST_SEGMENTS = 2;

/** A ring of processes, by its hops. */
export interface Ring {
  /** Processes on the ring. */
  readonly processes: number;
  /** Each kind of hop, and its number in a turn. */
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

/** Seconds for the parts of all processes, `bytes` each, to travel once around the ring. */
export function turnSeconds({ processes, hops }: Ring, bytes: number): number {
  if (processes < 2 || bytes <= 0) return 0;
  const segments = Math.max(LEAST_SEGMENTS, Math.ceil(bytes / SEGMENT_BYTES));
  const wire = ({ bandwidth }: Link) => bytes / segments / bandwidth;
  const slowest = Math.max(...hops.map(({ link }) => wire(link)));
  const around = hops.reduce((sum, { link, count }) => sum + count * link.latency, 0);
  return (processes - 1) * segments * (slowest + around / processes);
}
