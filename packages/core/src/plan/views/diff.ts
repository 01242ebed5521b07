/** The difference of two plans: bytes, work, and the layers whose choice changed. */
import type { LayerChoice, PlanLock } from './lock.js';

/** The totals of a plan that are compared: bytes, `work`, and `moreWork` as a fraction. */
export type PlanTotals =
  | 'totalBytes'
  | 'arenaBytes'
  | 'peak'
  | 'bufferBytes'
  | 'keptBytes'
  | 'work'
  | 'moreWork';

/** A total in two plans. */
export interface TotalChange {
  /** Name of the total. */
  readonly name: PlanTotals;
  /** Its value in the earlier plan: bytes, or a fraction for `moreWork`. */
  readonly before: number;
  /** Its value in the later plan. */
  readonly after: number;
}

/** A layer that differs between two plans. */
export interface LayerChange {
  /** Module path and op. */
  readonly layer: string;
  /** null: the earlier plan does not have the layer. */
  readonly before: LayerChoice | null;
  /** null: the later plan does not have the layer. */
  readonly after: LayerChoice | null;
  /** Growth of the bytes kept for the backward pass plus those written to memory that no operand had. */
  readonly costs: number;
}

/** The differences from one plan to another. */
export interface PlanDiff {
  /** The steps that were planned, before and after. */
  readonly titles: readonly [string, string];
  /** Where the peak is, before and after: module path and op. */
  readonly peakAt: readonly [string, string];
  /** Every total, changed or not. */
  readonly totals: readonly TotalChange[];
  /** Layers whose choice changed or that only one plan has; those that cost most first. */
  readonly layers: readonly LayerChange[];
  /** Layers with the same choice but another size, those that grew most first. */
  readonly resized: readonly LayerChange[];
  /** Totals that grew although no change should raise them: those of memory and recompute. */
  readonly grown: readonly TotalChange[];
}

const TOTALS: readonly PlanTotals[] = [
  'totalBytes',
  'arenaBytes',
  'peak',
  'bufferBytes',
  'keptBytes',
  'work',
  'moreWork',
];
/** Totals that no change should raise. Not `work`: a larger network does more. */
const GUARDED: readonly PlanTotals[] = ['totalBytes', 'peak', 'keptBytes', 'bufferBytes', 'moreWork'];

/** Compares two plans by their locks. */
export function diffPlans(before: PlanLock, after: PlanLock): PlanDiff {
  const totals = TOTALS.map((name): TotalChange => {
    return { name, before: before[name], after: after[name] };
  });
  const labels = new Set([...Object.keys(before.layers), ...Object.keys(after.layers)]);
  const pairs = [...labels].map((layer): LayerChange => {
    const [first, second] = [before.layers[layer] ?? null, after.layers[layer] ?? null];
    return { layer, before: first, after: second, costs: heldBy(second) - heldBy(first) };
  });
  const costliest = (changes: readonly LayerChange[]) => [...changes].sort((a, b) => b.costs - a.costs);
  return {
    titles: [before.title, after.title],
    peakAt: [before.peakAt, after.peakAt],
    totals,
    layers: costliest(pairs.filter((pair) => !sameChoice(pair))),
    resized: costliest(pairs.filter((pair) => sameChoice(pair) && pair.before?.bytes !== pair.after?.bytes)),
    grown: totals.filter((total) => GUARDED.includes(total.name) && total.after > total.before),
  };
}

/** A layer that is not in place has the same choice even if the reason has changed. */
function sameChoice({ before, after }: LayerChange): boolean {
  return before?.backward === after?.backward && writing(before) === writing(after);
}

function writing(choice: LayerChoice | null): string | undefined {
  if (choice === null) return undefined;
  return choice.written === null ? '-' : choice.written === 'in place' ? 'in place' : 'own memory';
}

function heldBy(choice: LayerChoice | null): number {
  if (choice === null) return 0;
  const times = Number(choice.backward === 'keep') + Number(writing(choice) === 'own memory');
  return times * choice.bytes;
}
