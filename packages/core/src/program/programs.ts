/** Programs over one store that share one arena, as large as the largest of their plans. */
import type { Device, DeviceMemory } from '../devices/device.js';
import type { Plan } from '../plan/plan.js';
import { checkFits, type Fitting } from './fits.js';
import { Program } from './program.js';
import { type StateSpec, Store } from './store.js';

export class Programs {
  private ownStore: Store | null = null;
  private arena: DeviceMemory | null = null;
  /** Over the arena; a program goes with its plan. */
  private made = new WeakMap<Plan, Program>();

  /** Allocates nothing yet. */
  constructor(
    private readonly device: Device,
    private readonly states: readonly StateSpec[],
  ) {}

  /** Allocated, zero-filled, at its first use. */
  get store(): Store {
    this.ownStore ??= new Store(this.device, this.states);
    return this.ownStore;
  }

  /** Bytes held: the arena and the store. */
  get bytes(): number {
    return (this.arena?.bytes ?? 0) + (this.ownStore?.bytes ?? 0);
  }

  /**
   * Makes the arena large enough for all of these plans. One that is too small is given back to the system first, as both
   * together might not fit.
   *
   * @throws UsageError, code ERR_MEMORY, where the memory does not suffice and `fitting` says for what
   */
  reserve(plans: readonly Plan[], fitting?: Fitting): void {
    const needed = Math.max(0, ...plans.map(({ arenaBytes }) => arenaBytes));
    if (this.arena && this.arena.bytes >= needed) return;
    this.discard();
    if (fitting) checkFits(this.device, needed, fitting);
    this.arena = this.device.allocate(needed);
  }

  /** The program of a plan, made at its first use, with an arena that holds it. Programs run one at a time. */
  program(plan: Plan): Program {
    this.reserve([plan]);
    const known = this.made.get(plan);
    if (known) return known;
    const arena = this.arena ?? this.device.allocate(plan.arenaBytes);
    const program = new Program(plan, this.device, this.store, arena);
    this.made.set(plan, program);
    return program;
  }

  /** Gives the arena back to the system until the next program is asked for. */
  discard(): void {
    this.arena?.discard();
    this.arena = null;
    this.made = new WeakMap();
  }
}
