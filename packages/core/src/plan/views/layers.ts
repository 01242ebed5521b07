import { byteLength } from '@inplace-abn/tensor';
import { valueInfo } from '../../ir/graph.js';
import type { Plan } from '../plan.js';

/** One layer of a plan: the size of its output, and whether it is written in place. */
export interface PlannedLayer {
  /** Module path. */
  readonly path: string;
  /** Op that writes its output. */
  readonly op: string;
  /** Bytes of its output. */
  readonly bytes: number;
  /** Whether the output overwrites an operand. */
  readonly inPlace: boolean;
  /** Why it is not in place; null if it is. */
  readonly reason: string | null;
}

/** The forward pass by layer: which outputs are written in place, and why the others are not. */
export function plannedLayers(plan: Plan): PlannedLayer[] {
  const layers = new Map<string, PlannedLayer>();
  for (const { node, output, veto } of plan.aliases) {
    if (node.phase !== 'forward') continue;
    // If an op could overwrite any of several inputs, one that it does overwrite counts.
    const key = `${node.id}:${output}`;
    if (layers.get(key)?.inPlace) continue;
    const bytes = byteLength(valueInfo(plan.graph, output));
    layers.set(key, { path: node.path, op: node.op.name, bytes, inPlace: veto === null, reason: veto });
  }
  return [...layers.values()];
}
