/** Programs that share one store and one arena, which is as large as their largest plan needs. */
import { byteLength } from '@inplace-abn/tensor';
import type { Device, DeviceMemory } from '../devices/device.js';
import type { OutputTypes } from '../ir/graph.js';
import { align } from '../passes/place.js';
import type { Plan } from '../plan/plan.js';
import { allocatePopulated, checkFits, type Fitting } from './fits.js';
import { Program } from './program.js';
import { type StateSpec, Store } from './store.js';

/** Programs by their plans, with one store and one arena for all of them. */
export class Programs {
  private ownStore: Store | null = null;
  private arena: DeviceMemory | null = null;
  /** Programs of the current arena, released together with their plans. */
  private made = new WeakMap<Plan, Program>();
  /** Describes the plans that the arena is for, in case the store, allocated later, does not fit. */
  private fitting: Fitting | undefined;

  /** Allocates nothing yet. */
  constructor(
    private readonly device: Device,
    private readonly states: readonly StateSpec[],
  ) {}

  /** Allocated and zero-filled on first use. */
  get store(): Store {
    this.ownStore ??= new Store(this.device, this.states, this.fitting);
    return this.ownStore;
  }

  /** Bytes currently held by the arena and the store. */
  get bytes(): number {
    return (this.arena?.bytes ?? 0) + (this.ownStore?.bytes ?? 0);
  }

  /**
   * Grows the arena to hold all of these plans. A smaller arena is released first, because both might not
   * fit.
   *
   * @param fitting describes the plans, for the error. If given, memory must also suffice for the store, as
   *   long as that is not allocated
   * @throws UsageError, code ERR_MEMORY, if memory is insufficient
   */
  reserve(plans: readonly Plan[], fitting?: Fitting): void {
    const needed = Math.max(0, ...plans.map(({ arenaBytes }) => arenaBytes));
    if (this.arena && this.arena.bytes >= needed) return;
    this.discard();
    this.fitting = fitting;
    if (fitting) checkFits(this.device, needed + (this.ownStore ? 0 : this.stateBytes), fitting);
    this.arena = allocatePopulated(this.device, needed, fitting);
  }

  /**
   * The program of a plan, created on first use along with an arena that holds it. Only one program may run
   * at a time.
   *
   * @throws UsageError, code ERR_MEMORY, if memory is insufficient
   */
  program<O extends OutputTypes>(plan: Plan<O>): Program<O> {
    this.reserve([plan]);
    const known = this.made.get(plan);
    if (known && runs(known, plan)) return known;
    const arena = this.arena ?? allocatePopulated(this.device, plan.arenaBytes);
    const program = new Program(plan, this.device, this.store, arena);
    this.made.set(plan, program);
    return program;
  }

  /** Bytes of the store, allocated or not. */
  get stateBytes(): number {
    return this.states.reduce((sum, state) => sum + align(byteLength(state)), 0);
  }

  /** Releases the arena until the next program is requested. */
  discard(): void {
    this.arena?.discard();
    this.arena = null;
    this.made = new WeakMap();
  }
}

function runs<O extends OutputTypes>(program: Program, plan: Plan<O>): program is Program<O> {
  return program.plan === plan;
}
