/** Plans by kind and batch, and the programs over them: one store, one arena. */
import {
  type ComputeDType,
  compile,
  type Device,
  type DeviceMemory,
  formatBytes,
  type Graph,
  Program,
  type StateSpec,
  Store,
  storeBytes,
  UsageError,
} from '@inplace-abn/core';
import { SessionPlan } from './plan.js';

export type StepKind = SessionPlan['kind'];

export interface ProgramsOptions {
  readonly device: Device;
  readonly precision: ComputeDType;
  /** Most bytes in all. */
  readonly memory: number | undefined;
  readonly states: readonly StateSpec[];
  trace(kind: StepKind, batch: number): Graph;
}

export class Programs {
  private readonly plans = new Map<string, SessionPlan>();
  private programs = new Map<SessionPlan, Program>();
  private arena: DeviceMemory | null = null;
  private ownStore: Store | null = null;

  constructor(private readonly options: ProgramsOptions) {}

  /** Allocated, zero-filled, at its first use. */
  get store(): Store {
    this.ownStore ??= new Store(this.options.device, this.options.states);
    return this.ownStore;
  }

  plan(kind: StepKind, batch: number): SessionPlan {
    const key = `${kind} ${batch}`;
    const known = this.plans.get(key);
    if (known) return known;
    const { device, precision } = this.options;
    const graph = this.options.trace(kind, batch);
    const raw = compile(graph, device, { precision, budget: this.arenaBudget(graph) });
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
    );
  }

  program(kind: StepKind, batch: number): Program {
    const plan = this.plan(kind, batch);
    const known = this.programs.get(plan);
    if (known) return known;
    const program = new Program(plan.raw, this.options.device, this.store, this.arenaOf(plan.raw.arenaBytes));
    this.programs.set(plan, program);
    return program;
  }

  /** The arena; one that is too small goes back to the system before a larger one is made, and its programs with it. */
  private arenaOf(bytes: number): DeviceMemory {
    if (this.arena && this.arena.bytes >= bytes) return this.arena;
    this.arena?.discard();
    this.programs = new Map();
    this.arena = this.options.device.allocate(bytes);
    return this.arena;
  }
}
