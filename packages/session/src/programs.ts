/** Plans by kind and batch, and the programs over them: one store, one arena. */
import {
  type CompileOptions,
  type ComputeDType,
  compile,
  type Device,
  type Fitting,
  formatBytes,
  type Graph,
  KernelChoices,
  type KernelNames,
  Programs as Made,
  type PriceList,
  type Program,
  type StateSpec,
  type Store,
  UsageError,
} from '@inplace-abn/core';
import { SessionPlan } from './plan.js';
import { Recent } from './recent.js';

/** A step to plan. Two definitions with the same key are the same step. */
export interface StepDefinition {
  readonly key: string;
  readonly kind: SessionPlan['kind'];
  /** Samples. */
  readonly batch: number;
  /** In summaries and errors, as `train, batch 8`. */
  readonly title: string;
  readonly options?: StepOptions;
  trace(): Graph;
}

/** How a step is compiled; the precision is the session's unless it is given. */
export type StepOptions = Pick<CompileOptions, 'precision' | 'keep' | 'keepConstants' | 'timed'>;

export interface ProgramsOptions {
  readonly device: Device;
  readonly precision: ComputeDType;
  /** Limit for weights, optimizer state and arena together, in bytes. */
  readonly memory: number | undefined;
  /** Measured times, to choose what `memory` recomputes. */
  readonly prices?: PriceList;
  readonly states: readonly StateSpec[];
}

/** Most plans kept: enough for the batch sizes of a loop, but not for every size that a service meets. */
const KEPT = 32;

export class Programs {
  private plans = new Recent<SessionPlan>(KEPT);
  private readonly made: Made;
  /**
   * Kernel choices of all plans. Each reuses what an earlier one timed, and a resumed training what it began
   * with.
   */
  private choices = new KernelChoices();
  /** The last call that has or awaits its turn; null if there is none. */
  private last: Promise<void> | null = null;

  constructor(private readonly options: ProgramsOptions) {
    this.made = new Made(options.device, options.states);
  }

  /**
   * Runs bodies that use the arena or the states one at a time, in the order of the calls; at once if none is
   * running. `body` must not call it.
   */
  async inTurn<T>(body: () => Promise<T>): Promise<T> {
    const before = this.last;
    let end = () => {};
    const turn = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.last = turn;
    try {
      if (before) await before;
      // Awaited here and by the caller alone, so that an error's stack reaches the caller's line.
      return await body();
    } finally {
      if (this.last === turn) this.last = null;
      end();
    }
  }

  /** Allocated, zero-filled, at its first use. */
  get store(): Store {
    return this.made.store;
  }

  allocateStates(): void {
    void this.made.store;
  }

  /** Bytes held: the arena and the store. */
  get bytes(): number {
    return this.made.bytes;
  }

  /** Names of the autotuned kernels of all plans so far. */
  get kernels(): KernelNames {
    return this.choices.made;
  }

  /** Plans again, with these kernels if they are available. */
  useKernels(choices: KernelChoices): void {
    this.choices = choices;
    this.plans = new Recent(KEPT);
  }

  plan(step: StepDefinition): SessionPlan {
    return this.plans.get(step.key, () => this.planned(step));
  }

  /** Plans a step once; keeps the plan until the kernels change, however many others are made. */
  keeping(step: StepDefinition): () => SessionPlan {
    let kept: { readonly plans: Recent<SessionPlan>; readonly plan: SessionPlan } | null = null;
    return () => {
      if (kept?.plans !== this.plans) kept = { plans: this.plans, plan: this.plan(step) };
      return kept.plan;
    };
  }

  private planned(step: StepDefinition): SessionPlan {
    const { device, precision, prices } = this.options;
    const graph = withWholeStacks(() => step.trace());
    const budget = this.arenaBudget();
    const options = { ...step.options, budget, prices, choices: this.choices };
    options.precision ??= precision;
    const planFor = (other: Device) => compile(graph, other, { ...options, choices: new KernelChoices() });
    return new SessionPlan(step, compile(graph, device, options), graph, device, planFor);
  }

  /** Bytes of weights and optimizer state. */
  get stateBytes(): number {
    return this.made.stateBytes;
  }

  private arenaBudget(): number | undefined {
    const { memory } = this.options;
    if (memory === undefined) return undefined;
    const { stateBytes } = this;
    if (memory > stateBytes) return memory - stateBytes;
    throw new UsageError(
      `memory of ${formatBytes(memory)} does not hold the weights and the optimizer state, ${formatBytes(stateBytes)}: raise it`,
      { code: 'ERR_MEMORY' },
    );
  }

  /**
   * Makes the arena large enough for these plans.
   *
   * @throws UsageError, code ERR_MEMORY, if the machine has less memory than they need
   */
  reserve(plans: readonly SessionPlan[], fitting = fittingOf(plans)): void {
    this.made.reserve(
      plans.map(({ raw }) => raw),
      fitting,
    );
  }

  program(plan: SessionPlan): Program {
    this.reserve([plan]);
    return this.made.program(plan.raw);
  }

  /** Gives the arena back to the system until the next step. */
  discard(): void {
    this.made.discard();
  }
}

function fittingOf(plans: readonly SessionPlan[]): Fitting {
  const weights = formatBytes(Math.max(0, ...plans.map(({ raw }) => raw.bytes.weights)));
  return {
    what: plans.map(({ title }) => title).join('; '),
    advice: `choose a smaller batch, or set the option memory (the weights take ${weights} of it)`,
  };
}

/**
 * Runs `body` with longer stacks than the ten frames that V8 keeps, so that errors in nested modules show the
 * caller's line.
 */
export function withWholeStacks<T>(body: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  try {
    return body();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
