/** Compiles a traced graph to a plan: runs the passes in order. */
import { arrayName } from '@inplace-abn/tensor';
import { debug } from '../debug/ladder.js';
import {
  logAliases,
  logKernels,
  logParts,
  logRebuilds,
  logSlices,
  logStrips,
  logSummary,
} from '../debug/log.js';
import { type Device, UNTIMED } from '../devices/device.js';
import { KernelChoices } from '../devices/kernel-choices.js';
import { UsageError } from '../errors.js';
import { checkGraph } from '../ir/check.js';
import { type Graph, isInference, type OutputTypes, type ValueId, valueInfo } from '../ir/graph.js';
import { formatGraph } from '../ir/text.js';
import { alias } from '../passes/alias.js';
import { fold } from '../passes/fold.js';
import { fuse } from '../passes/fuse.js';
import { order } from '../passes/order.js';
import { parts } from '../passes/parts.js';
import { type ComputeDType, precision } from '../passes/precision.js';
import { prune } from '../passes/prune.js';
import { type RebuildDecision, rebuild } from '../passes/rebuild.js';
import { shortcutsFirst } from '../passes/shortcuts-first.js';
import { readsWeightsOften, transient } from '../passes/transient.js';
import { type Draft, draftPlan } from '../plan/draft.js';
import { preparedOnce } from '../plan/kernels.js';
import { type Plan, placePlan } from '../plan/plan.js';
import type { Prepare } from '../plan/schedule.js';
import type { PriceList } from '../prices/price-list.js';
import { Prices } from '../prices/prices.js';
import { fitRecompute } from '../recompute/fit.js';
import { type Recomputed, recompute } from '../recompute/pass.js';
import { spareRecompute } from '../recompute/spare.js';
import { byPrices, byWork, type Costs } from '../recompute/work.js';
import type { StripDecision } from '../strips/choose.js';
import { strips } from '../strips/pass.js';
import { fitBudget } from './fit-strips.js';

/** Options of {@link compile}. */
export interface CompileOptions {
  /** Dtype of activations and their gradients; default float32. */
  readonly precision?: ComputeDType;
  /**
   * Inference: fold normalization into the preceding convolution, and fuse the sum and activation that
   * follow; default true.
   */
  readonly fold?: boolean;
  /** Fuse neighboring elementwise ops; default true. */
  readonly fuse?: boolean;
  /** Rebuild values by inversion where possible; default true. */
  readonly rebuild?: boolean;
  /**
   * Module paths of nodes that are not inverted, so their inputs are kept, because inversion is too imprecise
   * there.
   */
  readonly keep?: ReadonlySet<string>;
  /** Update large weights in parts, so that their gradients are never whole in memory; default true. */
  readonly parts?: boolean;
  /** Let outputs overwrite inputs, and channel slices share a wider value's memory; default true. */
  readonly inPlace?: boolean;
  /**
   * Inference: keep values computed from the weights (folded weights, kernel layouts) between runs; default
   * true. 'auto': unless a run reads each weight so often that recomputing them costs almost nothing.
   */
  readonly keepConstants?: boolean | 'auto';
  /**
   * Training: fraction of the step's work that may be spent on recompute even without a budget, if that
   * lowers the peak by at least 1%. Default 0.01, or 0.02 if activations are narrower than float32. Results
   * are bit-identical.
   */
  readonly spare?: number;
  /**
   * Maximum arena size in bytes. If the plan needs more, training recomputes values in the backward pass, and
   * inference runs segments in strips of rows. Every element is computed from the same operands either way.
   */
  readonly budget?: number;
  /**
   * Times of instructions on the machine that the plan is for. With them, values to recompute under a
   * `budget` are chosen by seconds; without, by bytes and operations, which are the same on every machine.
   */
  readonly prices?: PriceList;
  /** Kernels to request by name; also records the names of the kernels that the plan uses. */
  readonly choices?: KernelChoices;
  /**
   * Autotune kernels that `choices` does not name; default true. false: take the first that accepts the
   * operands, which is the same in every run on machines of one kind.
   */
  readonly timed?: boolean;
}

/**
 * Compiles a traced graph to a plan for a device. May autotune kernels, but does not allocate the arena.
 *
 * @throws UsageError if the device does not support the requested precision, or nothing can be inverted at a
 *   path in `keep`; code ERR_TIMED_KERNELS if `timed` is false and the device can choose kernels only by time
 * @throws BudgetError if no plan fits the budget
 */
export function compile<O extends OutputTypes>(
  traced: Graph<O>,
  device: Device,
  options: CompileOptions = {},
): Plan<O> {
  const started = performance.now();
  const dtype = options.precision ?? 'float32';
  const refusal = device.refuses(dtype);
  if (refusal) throw new UsageError(refusal);
  const pruned = checked('prune', prune(checked('trace', traced)));
  const lowered = checked('precision', precision(pruned, dtype));
  const folded = checked('fold', fold(lowered, options.fold ?? true));
  const fused = checked('fuse', fuse(folded, options.fuse));
  const divided = parts(fused, options.parts ?? true);
  const plan = planned(checked('parts', divided.graph), device, options);
  if (divided.decisions.length > 0) debug(2, () => logParts(divided.decisions));
  if (plan.strips.length > 0) debug(2, () => logStrips(plan));
  debug(2, () => logRebuilds(plan));
  if (plan.slices.length > 0) debug(2, () => logSlices(plan));
  debug(2, () => logAliases(plan));
  debug(4, () => logKernels(plan));
  debug(1, () => logSummary(plan, performance.now() - started));
  if (yieldsAsTraced(plan, traced)) return plan;
  throw new RangeError('a pass changed an output');
}

/**
 * True if the plan's outputs have the array types of the traced ones: passes may change dtypes only in
 * between.
 */
function yieldsAsTraced<O extends OutputTypes>(plan: Plan, traced: Graph<O>): plan is Plan<O> {
  return [...traced.outputs].every(([name, id]) => {
    const planned = plan.graph.values.get(plan.graph.outputs.get(name) ?? -1);
    return planned !== undefined && arrayName(planned.dtype) === arrayName(valueInfo(traced, id).dtype);
  });
}

function checked(pass: string, graph: Graph): Graph {
  debug(3, () => `after ${pass}:\n${formatGraph(graph)}`);
  return checkGraph(graph, pass);
}

/** The plan within the budget. With `auto`, it stops keeping constants between runs before it uses strips. */
function planned(folded: Graph, device: Device, options: CompileOptions): Plan {
  const { keepConstants = true, budget = Number.POSITIVE_INFINITY, choices = new KernelChoices() } = options;
  const { timed = true } = options;
  const work = byWork(device.balance);
  const prepare = preparedOnce((spec) =>
    choices.prepare(device, timed ? spec : { ...spec, choice: UNTIMED }),
  );
  const planner = (keep: boolean) => new Planner(folded, prepare, work, options, keep);
  if (keepConstants !== 'auto') return planner(keepConstants).within(budget);
  if (!readsWeightsOften(folded)) {
    const { whole } = planner(true);
    if (whole.arenaBytes <= budget) return whole;
  }
  return planner(false).within(budget);
}

/**
 * Fraction of the step's work spent on lowering the peak. Images, indices, weight gradients and workspaces do
 * not shrink with the activation dtype, so narrow dtypes get another 1%, to halve memory when the width
 * halves.
 */
const SPARE: Readonly<Record<ComputeDType, number>> = { float32: 0.01, bfloat16: 0.02, float16: 0.02 };

/** Use the reordered graph only if its peak is below this fraction of the traced order's. */
const WORTH_REORDERING = 0.99;

/** The passes from rebuild to the plan, with or without recompute and strips. */
class Planner {
  private readonly rebuilds: readonly RebuildDecision[];
  private readonly graph: Graph;
  /** Draft with everything whole and each value computed once. */
  private readonly draft: Draft;
  private placed: Plan | null = null;

  constructor(
    folded: Graph,
    private readonly prepare: Prepare,
    private readonly work: Costs,
    private readonly options: CompileOptions,
    private readonly keep: boolean,
  ) {
    const rebuilt = rebuild(keep ? folded : transient(folded), {
      enabled: options.rebuild,
      keep: options.keep,
    });
    this.rebuilds = rebuilt.decisions;
    const traced = checked('rebuild', fuse(prune(rebuilt.graph), options.fuse));
    this.graph = traced;
    this.draft = this.drafted(traced);
    if (!isInference(traced)) return;
    const other = checked('shortcuts first', shortcutsFirst(traced));
    const reordered = this.drafted(other);
    if (reordered.peak.bytes < WORTH_REORDERING * this.draft.peak.bytes) {
      this.graph = other;
      this.draft = reordered;
    }
  }

  /** The plan without strips. */
  get whole(): Plan {
    this.placed ??= placePlan(this.draft);
    return this.placed;
  }

  within(budget: number): Plan {
    if (isInference(this.graph)) return this.inStrips(budget);
    const draft = this.sparing();
    // Placement takes longer than everything else, so only a candidate that may be used is placed.
    if (draft.peak.bytes <= budget) {
      const plan = draft === this.draft ? this.whole : placePlan(draft);
      if (plan.arenaBytes <= budget) return plan;
    }
    return this.recomputing(budget);
  }

  private sparing(): Draft {
    const { precision: dtype = 'float32', spare = SPARE[dtype] } = this.options;
    const recomputed = spare > 0 ? spareRecompute(this.draft, spare, this.work) : null;
    if (!recomputed) return this.draft;
    const spared = this.withRecompute(recomputed);
    return spared.peak.bytes < this.draft.peak.bytes ? spared : this.draft;
  }

  private recomputing(budget: number): Plan {
    const { prices } = this.options;
    const costs = prices ? byPrices(new Prices(prices)) : this.work;
    return fitRecompute(this.whole, budget, costs, (recomputed) => placePlan(this.withRecompute(recomputed)));
  }

  private withRecompute(recomputed: Recomputed): Draft {
    const graph = checked(
      'recompute',
      fuse(prune(recompute(this.draft.graph, recomputed)), this.options.fuse),
    );
    return this.drafted(graph, [], recomputed.values);
  }

  private inStrips(budget: number): Plan {
    return fitBudget(this.graph, this.whole, budget, (decisions) =>
      placePlan(this.drafted(checked('strips', prune(strips(this.graph, decisions))), decisions)),
    );
  }

  private drafted(
    graph: Graph,
    decisions: readonly StripDecision[] = [],
    dropped: ReadonlySet<ValueId> = new Set(),
  ): Draft {
    const ordered = checked('order', order(graph));
    const aliases = alias(ordered, this.options.inPlace ?? true);
    const rebuilds = this.rebuilds.map((decision): RebuildDecision => {
      return dropped.has(decision.value) ? { ...decision, choice: 'recompute' } : decision;
    });
    const { keep: keepLayouts } = this;
    return draftPlan(ordered, this.prepare, aliases, { rebuilds, strips: decisions, keepLayouts });
  }
}
