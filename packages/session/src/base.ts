/**
 * The part of a session that does not depend on its network's types: states, plans with their kernels, the
 * shared arena.
 */
import type { Fitting, Graph, HostTensor, KernelChoices, KernelNames, Store } from '@inplace-abn/core';
import { refuse } from './kinds.js';
import { SessionStep } from './own-step.js';
import type { SessionPlan } from './plan.js';
import type { Programs, StepDefinition, StepOptions } from './programs.js';
import type { SessionGroup } from './sharing.js';
import { fillStates, type StateTensors } from './states.js';

export abstract class SessionStates {
  /** Whether other processes still lack these states. */
  protected fresh = true;
  /** Updates made so far. */
  updates = 0;
  private begun = false;

  /** @param initial returns the initial states when they are needed */
  constructor(
    /** Plans, the store and the arena. */
    protected readonly programs: Programs,
    private readonly initial: () => Iterable<readonly [name: string, tensor: HostTensor]>,
    private readonly group: SessionGroup | undefined,
  ) {}

  /** Parameters, buffers and optimizer state, to read and write one by one. */
  get store(): Store {
    this.initialized();
    return this.programs.store;
  }

  /** Writes initial states at the first call. */
  protected initialized(): void {
    if (this.begun) return;
    this.begun = true;
    for (const [name, { data }] of this.initial()) this.programs.store.write(name, data);
  }

  /** Takes states from the host, or straight from files; other states do not change. */
  async fill(tensors: StateTensors): Promise<void> {
    await this.programs.inTurn(() => fillStates(this.store, tensors));
    this.fresh = true;
  }

  /**
   * Copies the states of rank 0 to all processes of the group, as the first step does. All of them must call
   * it.
   */
  share(): Promise<void> {
    return this.programs.inTurn(() => this.shareStates());
  }

  /** Like {@link share}, for callers that already have the turn. */
  protected async shareStates(): Promise<void> {
    const { group, store } = this;
    if (!group) return;
    store.replaced();
    await group.broadcastMemory(store.memory);
    this.updates = (await group.gatherValues(this.updates))[0] ?? this.updates;
    this.fresh = false;
  }

  /**
   * A step of your own: any graph over the states of the network, such as an update rule or a cascade of
   * networks. It is planned and run like the others, with their weights, arena and kernels.
   *
   * @param name identifies the step: two steps of the same name share a plan
   * @param trace called when it is planned
   */
  step(name: string, trace: () => Graph, options?: StepOptions): SessionStep {
    if (typeof name !== 'string') refuse('step', 'a name', name);
    if (typeof trace !== 'function')
      refuse('step', 'a function that returns a graph, such as one of trace(),', trace);
    const definition: StepDefinition = {
      key: `own ${name}`,
      kind: 'own',
      batch: 1,
      title: name,
      trace,
      options,
    };
    return new SessionStep(this.programs, definition, () => this.initialized());
  }

  /**
   * Allocates the states, and an arena that is large enough for these plans, so that their steps allocate
   * nothing.
   *
   * @param fitting describes the plans and gives advice, for the error
   * @throws UsageError, code ERR_MEMORY, before anything is allocated, if the machine has too little memory
   */
  reserve(plans: readonly SessionPlan[], fitting?: Fitting): void {
    if (!Array.isArray(plans)) refuse('reserve', 'an array of plans', plans);
    this.programs.reserve(plans, fitting);
    this.programs.allocateStates();
  }

  /** Bytes held: the arena and the states. */
  get bytes(): number {
    return this.programs.bytes;
  }

  /** Bytes of the states: weights and optimizer state. */
  get stateBytes(): number {
    return this.programs.stateBytes;
  }

  /** Frees the arena until the next step. */
  discard(): void {
    this.programs.discard();
  }

  /** Names of the autotuned kernels of all plans so far. */
  get kernels(): KernelNames {
    return this.programs.kernels;
  }

  /**
   * Plans again from here on, with the kernels that `choices` requests, if they are available. It records the
   * names of those used.
   */
  useKernels(choices: KernelChoices): void {
    this.programs.useKernels(choices);
  }
}
