/** A simulated cluster: the number of processes, and the links between them. */

/** A full-duplex link. */
export interface Link {
  /** Bytes per second and direction. */
  readonly bandwidth: number;
  /** Seconds from the last byte sent to its arrival. */
  readonly latency: number;
}

/** Pattern in which a collective uses the links. */
export type Topology = 'ring' | 'tree' | 'hierarchical';

/** Nodes of equal size. All processes of a node share its link to the others. */
export interface Cluster {
  /** Number of machines. */
  readonly nodes: number;
  /** Processes per node, each with one device. */
  readonly perNode: number;
  /** The link of a node to the others. */
  readonly between: Link;
  /** The link of a process to its neighbors in the node. */
  readonly within: Link;
  /** How the processes are connected for a collective. */
  readonly topology: Topology;
}

/** Processes of a cluster. */
export function processesOf({ nodes, perNode }: Pick<Cluster, 'nodes' | 'perNode'>): number {
  return nodes * perNode;
}
