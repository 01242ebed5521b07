/** Plans by kind and batch, and the programs over them: one store, one arena. */
import {
  type ComputeDType,
  compile,
  type Device,
  formatBytes,
  type Graph,
  KernelChoices,
  type KernelNames,
  Programs as Made,
  type Program,
  type StateSpec,
  type Store,
  storeBytes,
  UsageError,
} from '@inplace-abn/core';
import { SessionPlan } from './plan.js';

export type StepKind = SessionPlan['kind'];

/** Which step, of how many samples. */
export interface StepKey {
  readonly kind: StepKind;
  readonly batch: number;
  /** Layers whose output is asked for; of features alone. */
  readonly paths?: readonly string[];
}

export interface ProgramsOptions {
  readonly device: Device;
  readonly precision: ComputeDType;
  /** Most bytes in all. */
  readonly memory: number | undefined;
  readonly states: readonly StateSpec[];
  trace(step: StepKey): Graph;
}

export class Programs {
  private readonly plans = new Map<string, SessionPlan>();
  private readonly made: Made;
  /** Of all plans: each keeps to what an earlier one timed, and a resumed training to what it began with. */
  private choices = new KernelChoices();

  constructor(private readonly options: ProgramsOptions) {
    this.made = new Made(options.device, options.states);
  }

  /** Allocated, zero-filled, at its first use. */
  get store(): Store {
    return this.made.store;
  }

  /** Those of the plans so far that are chosen by timing. */
  get kernels(): KernelNames {
    return this.choices.made;
  }

  /** Plans anew, with these kernels where they can be had. */
  useKernels(names: KernelNames): void {
    this.choices = new KernelChoices(names);
    this.plans.clear();
  }

  plan(step: StepKey): SessionPlan {
    const { kind, batch, paths = [] } = step;
    const key = JSON.stringify([kind, batch, ...paths]);
    const known = this.plans.get(key);
    if (known) return known;
    const { device, precision } = this.options;
    const graph = withWholeStacks(() => this.options.trace(step));
    const raw = compile(graph, device, {
      precision,
      budget: this.arenaBudget(graph),
      choices: this.choices,
    });
    const plan = new SessionPlan(kind, batch, raw, graph, device);
    this.plans.set(key, plan);
    return plan;
  }

  private arenaBudget(graph: Graph): number | undefined {
    const { memory } = this.options;
    if (memory === undefined) return undefined;
    const { weights, optimizer } = storeBytes(graph);
    const states = weights + optimizer;
    if (memory > states) return memory - states;
    throw new UsageError(
      `memory of ${formatBytes(memory)} does not hold the weights and the optimizer state, ${formatBytes(states)}: raise it`,
      { code: 'ERR_MEMORY' },
    );
  }

  /** @throws UsageError, code ERR_MEMORY, where the machine has less memory than the plan needs */
  program(step: StepKey): Program {
    const { kind, batch, raw } = this.plan(step);
    const { store } = this;
    this.made.reserve([raw], {
      what: `${kind}, batch ${batch}`,
      advice: `choose a smaller batch, or set the option memory (the weights take ${formatBytes(store.bytes)} of it)`,
    });
    return this.made.program(raw);
  }
}

/** A forward pass calls modules inside modules: the ten frames that V8 keeps would not reach the caller's line. */
function withWholeStacks<T>(body: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  try {
    return body();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
