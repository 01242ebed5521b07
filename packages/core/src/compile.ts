/** From a traced graph to a plan: the passes in order. */
import { debug } from './debug/ladder.js';
import { logAliases, logKernels, logRebuilds, logSlices, logStrips, logSummary } from './debug/log.js';
import type { Device, KernelSpec } from './devices/device.js';
import { UsageError } from './errors.js';
import { checkGraph } from './graph/check.js';
import type { Graph } from './graph/graph.js';
import { formatGraph } from './graph/text.js';
import { alias } from './passes/alias.js';
import { fold } from './passes/fold.js';
import { order } from './passes/order.js';
import { type ComputeDType, precision } from './passes/precision.js';
import { prune } from './passes/prune.js';
import { rebuild } from './passes/rebuild.js';
import { strips } from './passes/strips.js';
import { readsWeightsOften, transient } from './passes/transient.js';
import { makePlan, type Plan } from './plan/plan.js';
import type { StripDecision } from './strips/choose.js';
import { BudgetError, fitBudget } from './strips/fit.js';

export interface CompileOptions {
  /** Dtype of activations and their gradients; default float32. */
  readonly precision?: ComputeDType;
  /** Take normalisation, sum and activation into the convolution before them in inference; default true. */
  readonly fold?: boolean;
  /** Rebuild by inversion what can be; default true. */
  readonly rebuild?: boolean;
  /** Let values share memory; default true. */
  readonly inPlace?: boolean;
  /**
   * Inference: keep what follows from the weights (folded, laid out for kernels) between runs; default true. 'auto': not
   * where a run reads each weight so often that making it anew is nothing beside it, or where the budget does not hold them.
   */
  readonly keepConstants?: boolean | 'auto';
  /**
   * Inference: bytes that the arena may have. Where the plan needs more, parts of the graph are computed in strips of
   * rows; each number comes of the same operands as without.
   */
  readonly budget?: number;
}

/**
 * Compiles a graph for a device. Throws UsageError when the device cannot compute in the precision asked for, and
 * BudgetError when the plan cannot be brought below the budget.
 */
export function compile(traced: Graph, device: Device, options: CompileOptions = {}): Plan {
  const started = performance.now();
  const dtype = options.precision ?? 'float32';
  const refusal = device.refuses(dtype);
  if (refusal) throw new UsageError(refusal);
  const checked = (pass: string, graph: Graph): Graph => {
    debug(3, () => `after ${pass}:\n${formatGraph(graph)}`);
    return checkGraph(graph, pass);
  };
  const pruned = checked('prune', prune(checked('trace', traced)));
  const lowered = checked('precision', precision(pruned, dtype));
  const folded = checked('fold', fold(lowered, options.fold ?? true));
  const planned = (keep: boolean): Plan => {
    const rebuilt = rebuild(keep ? folded : transient(folded), options.rebuild ?? true);
    const ready = checked('rebuild', prune(rebuilt.graph));
    const finish = (graph: Graph, decisions: readonly StripDecision[]): Plan => {
      const ordered = checked('order', order(graph));
      const aliases = alias(ordered, options.inPlace ?? true);
      const prepare = (spec: KernelSpec) => device.prepare(spec);
      const made = { rebuilds: rebuilt.decisions, strips: decisions, keepLayouts: keep };
      return makePlan(ordered, prepare, aliases, made);
    };
    return fitBudget(ready, finish(ready, []), options.budget ?? Number.POSITIVE_INFINITY, (decisions) =>
      finish(checked('strips', prune(strips(ready, decisions))), decisions),
    );
  };
  const { keepConstants = true } = options;
  const plan = keepConstants === 'auto' ? planWithFew(folded, planned) : planned(keepConstants);
  if (plan.strips.length > 0) debug(2, () => logStrips(plan));
  debug(2, () => logRebuilds(plan));
  if (plan.slices.length > 0) debug(2, () => logSlices(plan));
  debug(2, () => logAliases(plan));
  debug(4, () => logKernels(plan));
  debug(1, () => logSummary(plan, performance.now() - started));
  return plan;
}

/** Keeps constants where that saves time, unless the budget holds without them alone. */
function planWithFew(graph: Graph, planned: (keep: boolean) => Plan): Plan {
  if (readsWeightsOften(graph)) return planned(false);
  try {
    return planned(true);
  } catch (error) {
    if (error instanceof BudgetError) return planned(false);
    throw error;
  }
}
