/** A simulated cluster: the number of processes, and the links between them. */

/** A full-duplex link. */
export interface Link {
  /** Bytes per second and direction. */
  readonly bandwidth: number;
  /** Seconds from the last byte sent to its arrival. */
  readonly latency: number;
}

/** How the processes are connected for a collective. */
export type Topology = 'ring' | 'tree' | 'hierarchical';

/** Nodes of equal size. All processes of a node share its link to the others. */
export interface Cluster {
  /** Number of machines. */
  readonly nodes: number;
  /** Processes of a node, each with a device of its own. */
  readonly perNode: number;
  /** The link of a node to the others. */
  readonly between: Link;
  /** The link of a process to its neighbors in the node. */
  readonly within: Link;
  /** The links that a collective uses. */
  readonly topology: Topology;
}

/** Processes of a cluster. */
export function processesOf({ nodes, perNode }: Pick<Cluster, 'nodes' | 'perNode'>): number {
  return nodes * perNode;
}
