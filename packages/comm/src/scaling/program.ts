/** Converts a compiled step to events of one process: computation and communication. */
import { byteLength, type GraphNode, operands, type Plan, type ValueId, valueInfo } from '@inplace-abn/core';
import type { Exchange } from './collectives.js';
import { firstReaders } from './readers.js';

/** A gradient in a bucket. */
export interface BucketMember {
  /** Bytes of the gradient. */
  readonly bytes: number;
  /** The event that computes it, counted from the beginning of the step. */
  readonly computed: number;
  /** The first event that reads its sum: its update, or the global norm. */
  readonly needed: number;
}

/** The start of a sum in the background, identified by a number. */
export interface StartEvent {
  /** Tells the kinds of events apart. */
  readonly kind: 'start';
  /** Number of the sum, which its {@link WaitEvent} has too. */
  readonly sum: number;
  /** Module path of the op that starts the sum, such as `bucket3`. */
  readonly path: string;
  /** Bytes of the vector of one process. */
  readonly bytes: number;
  /** The gradients packed into it; empty for any other vector. */
  readonly members: readonly BucketMember[];
}

/** The end of a sum. */
export interface WaitEvent {
  /** Tells the kinds of events apart. */
  readonly kind: 'wait';
  /** Number of the sum, as in its {@link StartEvent}. */
  readonly sum: number;
  /** The first event of the next step that reads what the sum updates; null: this step needs it. */
  readonly nextStep: number | null;
}

/** An event of a process. Times are in seconds. */
export type StepEvent =
  | {
      /** An instruction that exchanges nothing. */
      readonly kind: 'compute';
      /** Time that it takes. */
      readonly seconds: number;
    }
  | {
      /** A collective that the step waits for. */
      readonly kind: 'exchange';
      /** Pattern of communication, from which its time follows. */
      readonly exchange: Exchange;
      /** Module path of the op. */
      readonly path: string;
      /** Bytes that one process contributes. */
      readonly bytes: number;
    }
  | StartEvent
  | WaitEvent;

/** A compiled step and the seconds of each of its instructions, without waiting in collectives. */
export interface TimedPlan {
  /** The compiled step. */
  readonly plan: Plan;
  /** Time of each of its instructions, in order. */
  readonly seconds: readonly number[];
}

const EXCHANGES: Readonly<Record<string, Exchange>> = {
  all_reduce: 'allReduce',
  all_gather: 'allGather',
  broadcast: 'broadcast',
};

/**
 * The events of a step or, for a batch in parts, of its steps in sequence.
 *
 * @throws RangeError for a collective without a cost model
 */
export function eventsOf(steps: readonly TimedPlan[]): StepEvent[] {
  const [first] = steps;
  const last = steps.at(-1);
  if (!first || !last) return [];
  // The parameters that the last step of a batch updates are read first by the first step of the next batch.
  const reads = firstReaders(first.plan, last.plan);
  const events: StepEvent[] = [];
  for (const [part, { plan, seconds }] of steps.entries()) {
    const found = new Communication(plan, part, events.length, part === steps.length - 1 ? reads : new Map());
    for (const [index, { node, part: runs }] of plan.instructions.entries()) {
      events.push({ kind: 'compute', seconds: seconds[index] ?? 0 });
      if (isCollective(node, runs)) events.push(found.of(node));
    }
  }
  return events;
}

/** Larger than any value id of a graph, so that sums of several steps have different numbers. */
const PART = 2 ** 32;

/** The communication of a compiled step. */
class Communication {
  private readonly producers = new Map<ValueId, { readonly node: GraphNode; readonly event: number }>();
  private readonly readers = new Map<ValueId, { readonly node: GraphNode; readonly event: number }>();

  constructor(
    private readonly plan: Plan,
    private readonly part: number,
    /** Number of the step's first event. */
    begin: number,
    /** Sum → the first event of the next step that reads what it updates. */
    private readonly reads: ReadonlyMap<ValueId, number>,
  ) {
    let event = begin;
    for (const { node, part: runs } of plan.instructions) {
      for (const id of operands(node)) if (!this.readers.has(id)) this.readers.set(id, { node, event });
      if (isCollective(node, runs)) event += 1;
      if (runs === 'run') for (const id of node.outputs) this.producers.set(id, { node, event });
      event += 1;
    }
  }

  of(node: GraphNode): StepEvent {
    const { path, op } = node;
    const [operand = -1] = operands(node);
    const [result = -1] = node.outputs;
    const bytes = byteLength(valueInfo(this.plan.graph, operand));
    const named = (id: ValueId) => this.part * PART + id;
    if (op.name === 'all_reduce_start')
      return { kind: 'start', sum: named(result), path, bytes, members: this.membersOf(operand, result) };
    if (op.name === 'all_reduce_wait')
      return { kind: 'wait', sum: named(operand), nextStep: this.reads.get(operand) ?? null };
    const exchange = EXCHANGES[op.name];
    if (exchange) return { kind: 'exchange', exchange, path, bytes };
    throw new RangeError(`${op.name} is a collective of unknown cost`);
  }

  /** The gradients packed into a vector; its sum is unpacked in the same order. */
  private membersOf(flat: ValueId, inFlight: ValueId): BucketMember[] {
    const pack = this.producers.get(flat)?.node;
    if (pack?.op.name !== 'pack') return [];
    const sums = this.readers.get(this.readers.get(inFlight)?.node.outputs[0] ?? -1)?.node.outputs ?? [];
    return operands(pack).map((id, index) => ({
      bytes: byteLength(valueInfo(this.plan.graph, id)),
      computed: this.producers.get(id)?.event ?? 0,
      needed: this.readers.get(sums[index] ?? -1)?.event ?? Number.POSITIVE_INFINITY,
    }));
  }
}

function isCollective({ op }: GraphNode, runs: 'layout' | 'run'): boolean {
  return runs === 'run' && op.effects.collective !== null;
}
