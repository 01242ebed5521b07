import { channels } from '@inplace-abn/tensor';
import { type Phase, valueInfo } from '../../ir/graph.js';
import type { Plan } from '../plan.js';

/** A value that is some channels of a wider one: an operand of a join, or a cut (the gradient of a join). */
export interface PlannedSlice {
  /** Module path of the join or cut. */
  readonly path: string;
  readonly op: string;
  readonly phase: Phase;
  /** The first channel and the one after the last. */
  readonly channels: readonly [number, number];
  /** Of the value: what a copy reads, and writes. */
  readonly bytes: number;
  /** Whether it lies in the wider value, so that nothing is copied. */
  readonly inPlace: boolean;
  /** Why it is copied; null when it is not. */
  readonly reason: string | null;
}

/** Joins and cuts of channels: which operands lie in the wider value, and why the others are copied. */
export function plannedSlices(plan: Plan): PlannedSlice[] {
  const shared = plan.slices.filter(({ flat }) => !flat);
  return shared.map(({ node, value, begin, bytes, veto }) => {
    const end = begin + channels(valueInfo(plan.graph, value).shape);
    const { path, op, phase } = node;
    return { path, op: op.name, phase, channels: [begin, end], bytes, inPlace: veto === null, reason: veto };
  });
}
