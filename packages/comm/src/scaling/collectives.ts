/** Predicts the time of collectives in each topology. */
import { type Cluster, type Link, processesOf, type Topology } from './cluster.js';
import { ringOf, SEGMENT_BYTES, turnSeconds, uniformRing } from './pipeline.js';

/** Collectives that a step waits for. */
export type Exchange = 'allReduce' | 'allGather' | 'broadcast';

/** Seconds of each collective, given the bytes of one process. */
export interface CollectiveTimes {
  /** Sums a vector of `bytes` over all processes. */
  allReduce(bytes: number): number;
  /** Gathers vectors of `bytes` from every process on every process. */
  allGather(bytes: number): number;
  /** Sends a vector of `bytes` from one process to all others. */
  broadcast(bytes: number): number;
  /**
   * Seconds that a sum in flight delays an exchange, whose messages queue behind segments of the sum.
   */
  held(exchange: Exchange): number;
}

/** The collectives of a cluster. */
export function collectiveTimes(cluster: Cluster): CollectiveTimes {
  const { allReduce, allGather } = TOPOLOGIES[builtTopology(cluster)];
  const queue = queueSeconds(cluster);
  return {
    allReduce: (bytes) => allReduce(cluster, bytes),
    allGather: (bytes) => allGather(cluster, bytes),
    broadcast: (bytes) => treeBroadcast(cluster, bytes),
    // An all-reduce passes all processes twice: to reduce, and to distribute the sum.
    held: (exchange) => (exchange === 'allReduce' ? 2 * queue : queue),
  };
}

/** Topology of the collectives. A single node, or nodes of one process, use a ring instead of a hierarchy. */
export function builtTopology({ nodes, perNode, topology }: Cluster): Topology {
  return topology === 'hierarchical' && (nodes === 1 || perNode === 1) ? 'ring' : topology;
}

/** Segments of a sum ahead of a message on a link: two are in flight, one of them half sent. */
const QUEUED = 1.5;

/**
 * Seconds that a message queues on its way through all processes. Only the slower links count. In a
 * hierarchy, the rings of all processes of a node share its link.
 */
function queueSeconds(cluster: Cluster): number {
  const { nodes, perNode, between, within } = cluster;
  const topology = builtTopology(cluster);
  const [count, link] = nodes > 1 ? [nodes, between] : [perNode, within];
  if (count < 2) return 0;
  const hops = topology === 'tree' ? levels(count) : count - 1;
  const rings = topology === 'hierarchical' ? perNode : 1;
  return (hops * rings * QUEUED * SEGMENT_BYTES) / link.bandwidth;
}

type Seconds = (cluster: Cluster, bytes: number) => number;

const TOPOLOGIES: Readonly<Record<Topology, { readonly allReduce: Seconds; readonly allGather: Seconds }>> = {
  ring: { allReduce: ringAllReduce, allGather: ringAllGather },
  tree: { allReduce: treeAllReduce, allGather: treeAllGather },
  hierarchical: { allReduce: hierarchicalAllReduce, allGather: hierarchicalAllGather },
};

/** Reduce-scatter, then all-gather, each a turn of parts of M/P bytes: about 2·(P − 1)/P·M/B. */
function ringAllReduce(cluster: Cluster, bytes: number): number {
  const ring = ringOf(cluster);
  return 2 * turnSeconds(ring, bytes / ring.processes);
}

function ringAllGather(cluster: Cluster, bytes: number): number {
  return turnSeconds(ringOf(cluster), bytes);
}

const levels = (count: number) => Math.ceil(Math.log2(count));

/** Seconds for a segment to climb a binary tree with `count` leaves. */
function climb(count: number, { bandwidth, latency }: Link, bytes: number): number {
  return levels(count) * (latency + Math.min(bytes, SEGMENT_BYTES) / bandwidth);
}

/**
 * Two binary trees as in NCCL, each over half of the vector; the leaves of one are inner nodes of the other.
 * A node sends and receives the vector twice, and a segment climbs and descends the tree: 2·(log₂ N·(α + s/B)
 * + M/B). Within nodes the time has the same form.
 */
function treeAllReduce({ nodes, perNode, between, within }: Cluster, bytes: number): number {
  const wire = Math.max(
    nodes > 1 ? bytes / between.bandwidth : 0,
    perNode > 1 ? bytes / within.bandwidth : 0,
  );
  return 2 * (climb(nodes, between, bytes) + climb(perNode, within, bytes) + wire);
}

/** The rows climb to the root of each node, are exchanged by recursive doubling, and descend. */
function treeAllGather({ nodes, perNode, between, within }: Cluster, bytes: number): number {
  const own = climb(perNode, within, bytes) + ((perNode - 1) * bytes) / within.bandwidth;
  const others = levels(nodes) * between.latency + ((nodes - 1) * perNode * bytes) / between.bandwidth;
  const down =
    perNode > 1 ? levels(perNode) * within.latency + (nodes * perNode * bytes) / within.bandwidth : 0;
  return own + others + down;
}

/** Gloo's binomial tree. */
function treeBroadcast({ nodes, perNode, between, within }: Cluster, bytes: number): number {
  const hop = ({ latency, bandwidth }: Link) => latency + bytes / bandwidth;
  return levels(nodes) * hop(between) + levels(perNode) * hop(within);
}

/**
 * Reduce-scatter within each node, all-reduce of each part over the nodes, all-gather within each node
 * (native/comm/nodes_lane.cc). Within a node all send to all, a slice of each part at a time. The rings over
 * the nodes share each node's link, and together carry the whole vector.
 */
function hierarchicalAllReduce(cluster: Cluster, bytes: number): number {
  const { nodes, perNode, within } = cluster;
  const part = bytes / perNode;
  const exchanged = (perNode - 1) * part;
  const rounds = bytes > 0 ? Math.ceil(exchanged / RECEIVED_BYTES) + 1 : 0;
  return (
    (2 * exchanged) / within.bandwidth + rounds * within.latency + 2 * columnSeconds(cluster, part / nodes)
  );
}

/** Gathers a slice of rows over a column of nodes, then over all columns within each node. */
function hierarchicalAllGather(cluster: Cluster, bytes: number): number {
  const { nodes, perNode, within } = cluster;
  const slices = Math.ceil(bytes / rowSliceBytes(cluster));
  const over = (slice: number) => columnSeconds(cluster, slice);
  const spread = (slice: number) => turnSeconds(uniformRing(perNode, within), nodes * slice);
  return slices === 0 ? 0 : slices * (over(bytes / slices) + spread(bytes / slices));
}

/** Maximum bytes that a process receives per round of native/comm/gloo/parts.cc. */
const RECEIVED_BYTES = 2 * 2 ** 20;

/** Maximum bytes of a row that native/comm/nodes_lane.cc gathers at a time. */
function rowSliceBytes(cluster: Cluster): number {
  return Math.max(64 * 2 ** 10, Math.floor((16 * 2 ** 20) / processesOf(cluster)));
}

/**
 * Seconds of a turn of all columns' rings at the same time. A segment costs w + α as on a single ring, unless
 * the segments of all rings take longer on the link that they share.
 */
function columnSeconds({ nodes, perNode, between }: Cluster, bytes: number): number {
  const shared = ((nodes - 1) * perNode * bytes) / between.bandwidth;
  return Math.max(shared, turnSeconds(uniformRing(nodes, between), bytes));
}
