/**
 * Chooses the topology of all-reduces: one ring over all processes, or hierarchical. In a hierarchy, each
 * process reduces a part of the vector within its node, the parts are summed over the nodes, and then
 * gathered within each node. For a vector of M bytes, each of N nodes sends 2·(N − 1)/N·M to the others in
 * 2·(N − 1) hops; in a ring of P processes it is 2·(P − 1)/P·M in 2·(P − 1) hops.
 */
import { CommError } from '../errors.js';
import type { World } from '../rendezvous/world.js';

/** How sums travel between processes. */
export type SumTopology = 'ring' | 'hierarchical';

/** The name of a topology. @throws {CommError} for any other text */
export function topologyNamed(text: string, what: string): SumTopology {
  if (text === 'ring' || text === 'hierarchical') return text;
  throw new CommError(`${what} is "${text}": expected ring or hierarchical`);
}

/** Maximum number of local ranks in an error. */
const SHOWN = 16;

interface Place {
  readonly localRank: number;
  /** null: chosen from the places of all processes. */
  readonly asked: SumTopology | null;
}

/**
 * Number of processes per node that sum among themselves first in the group `name`; 1: all are on one ring. A
 * collective, which all processes of the world must call.
 *
 * @throws {CommError} on all processes if they were asked for different topologies, or for a hierarchy of
 * nodes with different numbers of processes
 */
export async function agreedPerNode(world: World, asked: SumTopology | null, name: string): Promise<number> {
  const own: Place = { localRank: world.localRank, asked };
  const ranks = Array.from({ length: world.size }, (_, rank) => rank);
  const all = await world.gather(`nodes ${name}`, ranks, new TextEncoder().encode(JSON.stringify(own)));
  return perNodeOf(all.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Place));
}

/** {@link agreedPerNode} for the places of all processes, in rank order. */
export function perNodeOf(places: readonly Place[]): number {
  const asked = places[0]?.asked ?? null;
  const other = places.findIndex((place) => place.asked !== asked);
  if (other > 0) {
    const named = (topology: SumTopology | null) => topology ?? 'none';
    throw new CommError(
      `the topology differs: rank ${other} has ${named(places[other]?.asked ?? null)}, rank 0 has ` +
        `${named(asked)}: set IABN_TOPOLOGY or the option topology to the same on all processes`,
    );
  }
  if (asked === 'ring') return 1;
  const localRanks = places.map(({ localRank }) => localRank);
  const perNode = equalNodes(localRanks);
  if (asked === 'hierarchical' && perNode === 1) {
    throw new CommError(
      `the topology is hierarchical, and the local ranks are ${listed(localRanks)}: it needs two or more nodes with ` +
        'the same number of processes (two or more), ranked node by node; leave IABN_TOPOLOGY or the option topology ' +
        'unset to choose automatically',
    );
  }
  return perNode;
}

function listed(localRanks: readonly number[]): string {
  const shown = localRanks.slice(0, SHOWN).join(', ');
  return localRanks.length > SHOWN ? `${shown}, …` : shown;
}

/** Processes per node if several equal nodes are ranked one after the other; else 1. */
function equalNodes(localRanks: readonly number[]): number {
  const second = localRanks.indexOf(0, 1);
  const perNode = second === -1 ? localRanks.length : second;
  const regular = localRanks.every((localRank, rank) => localRank === rank % perNode);
  return regular && perNode < localRanks.length && localRanks.length % perNode === 0 ? perNode : 1;
}
