import { channels } from '@inplace-abn/tensor';
import { type Phase, valueInfo } from '../../ir/graph.js';
import type { Plan } from '../plan.js';

/**
 * A value that is a range of channels of a wider one: an operand of a join, or the result of a cut (the
 * gradient of a join).
 */
export interface PlannedSlice {
  /** Module path of the join or cut. */
  readonly path: string;
  /** The op that joins or cuts. */
  readonly op: string;
  /** Part of the step that it belongs to. */
  readonly phase: Phase;
  /** First channel, and one past the last. */
  readonly channels: readonly [number, number];
  /** Bytes of the value, which a copy would read and write. */
  readonly bytes: number;
  /** True if it is a strided view of the wider value, so nothing is copied. */
  readonly inPlace: boolean;
  /** Why it is copied; null if it is not. */
  readonly reason: string | null;
}

/** Joins and cuts of channels: which values are strided views, and why the others are copied. */
export function plannedSlices(plan: Plan): PlannedSlice[] {
  const shared = plan.slices.filter(({ flat }) => !flat);
  return shared.map(({ node, value, begin, bytes, veto }) => {
    const end = begin + channels(valueInfo(plan.graph, value).shape);
    const { path, op, phase } = node;
    return { path, op: op.name, phase, channels: [begin, end], bytes, inPlace: veto === null, reason: veto };
  });
}
