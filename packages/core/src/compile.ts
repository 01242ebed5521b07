/** From a traced graph to a plan: the passes in order. */
import { debug } from './debug/ladder.js';
import { logAliases, logKernels, logRebuilds, logSlices, logSummary } from './debug/log.js';
import type { Device } from './devices/device.js';
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
import { makePlan, type Plan } from './plan/plan.js';

export interface CompileOptions {
  /** Dtype of activations and their gradients; default float32. */
  readonly precision?: ComputeDType;
  /** Take normalisation, sum and activation into the convolution before them in inference; default true. */
  readonly fold?: boolean;
  /** Rebuild by inversion what can be; default true. */
  readonly rebuild?: boolean;
  /** Let values share memory; default true. */
  readonly inPlace?: boolean;
}

/** Compiles a graph for a device. Throws UsageError when the device cannot compute in the precision asked for. */
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
  const rebuilt = rebuild(folded, options.rebuild ?? true);
  const ordered = checked('order', order(checked('rebuild', prune(rebuilt.graph))));
  const aliases = alias(ordered, options.inPlace ?? true);
  const plan = makePlan(ordered, (spec) => device.prepare(spec), aliases, rebuilt.decisions);
  debug(2, () => logRebuilds(plan));
  if (plan.slices.length > 0) debug(2, () => logSlices(plan));
  debug(2, () => logAliases(plan));
  debug(4, () => logKernels(plan));
  debug(1, () => logSummary(plan, performance.now() - started));
  return plan;
}
