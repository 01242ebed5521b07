/**
 * Estimates how many bytes would be live at each instruction of a training step if some buffers were dropped
 * after the forward pass and recomputed, from a plan that keeps them, without planning again. Recompute runs
 * just before the first reader, in forward order; each such run counts as a separate moment.
 */
import type { ValueId } from '../ir/graph.js';
import type { Droppable, ForwardStep, Timeline } from './timeline.js';

/**
 * `once`: recomputed before the first reader and kept for all of them. `each`: kept for the readers in the
 * backward pass only; earlier recomputations that pass through it recompute it each time.
 */
export type Mode = 'once' | 'each';

export type Dropped = ReadonlyMap<Droppable, Mode>;

export interface Outlook {
  /** Aligned bytes live at each moment. */
  readonly live: Float64Array;
  /** Total price of all recompute. */
  readonly cost: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/** A moment: the `rank`-th last run before instruction `at`, or the instruction itself for -1. */
interface Moment {
  at: number;
  rank: number;
}

/** A buffer that is written a second time. */
interface Instance {
  readonly buffer: number;
  born: Moment;
  dies: Moment;
}

const later = (a: Moment, b: Moment): boolean => a.at > b.at || (a.at === b.at && a.rank < b.rank);

/** The live bytes and the cost if these buffers are dropped. */
export function outlook(timeline: Timeline, dropped: Dropped): Outlook {
  const simulation = new Simulation(timeline, dropped);
  return { live: simulation.live(), cost: simulation.cost };
}

/** The cost of an outlook, much faster than the whole outlook. */
export function costOf(timeline: Timeline, dropped: Dropped): number {
  return new Simulation(timeline, dropped).cost;
}

/** The largest sum of live bytes at any moment. */
export function peakOf({ live }: Outlook): number {
  let peak = 0;
  for (const bytes of live) peak = Math.max(peak, bytes);
  return peak;
}

class Simulation {
  private readonly lost: Uint8Array;
  /** By buffer: its rewrites, one unless it is recomputed each time. */
  private readonly instances = new Map<number, Instance[]>();
  /** By value: the instructions at which it must exist. */
  private readonly times = new Map<ValueId, number[]>();
  private readonly each = new Set<number>();
  /** By instruction: number of nodes recomputed before it, and the largest of their workspaces. */
  private readonly runs: Int32Array;
  private readonly workspace: Float64Array;
  /** By buffer: the last instruction that reads it as a recompute source. */
  private readonly sourceUntil = new Map<number, Moment>();
  cost = 0;

  constructor(
    private readonly timeline: Timeline,
    private readonly dropped: Dropped,
  ) {
    const { length } = timeline.plan.instructions;
    this.lost = timeline.lost.slice();
    this.runs = new Int32Array(length);
    this.workspace = new Float64Array(length);
    this.run();
  }

  private run(): void {
    for (const [{ buffer, values }, mode] of this.dropped) {
      if (mode === 'each') this.each.add(buffer);
      for (const id of values) this.lost[id] = 1;
    }
    const { firstRead, end, forward } = this.timeline;
    for (const { buffer, values } of this.dropped.keys()) {
      const until = { at: end[buffer] ?? 0, rank: -1 };
      for (const id of values) this.need(id, firstRead[id] ?? NEVER, until);
    }
    for (const step of forward) this.visit(step);
  }

  private visit(step: ForwardStep): void {
    if (!this.isNeeded(step)) return;
    for (const at of this.timesOf(step)) {
      const rank = this.runs[at] ?? 0;
      this.runs[at] = rank + 1;
      this.workspace[at] = Math.max(this.workspace[at] ?? 0, step.workspace);
      this.cost += step.price;
      for (const id of step.outputs) this.write(id, { at, rank });
      for (const id of step.inputs) this.need(id, at, { at, rank });
    }
  }

  private isNeeded({ outputs }: ForwardStep): boolean {
    for (const id of outputs) if (this.times.has(id)) return true;
    return false;
  }

  /** One run produces all outputs for all readers, except readers with their own copy. */
  private timesOf({ outputs }: ForwardStep): readonly number[] {
    const times = outputs.flatMap((id) => this.times.get(id) ?? []);
    if (times.length < 2) return times;
    const each = outputs.some((id) => this.each.has(this.timeline.bufferOf[id] ?? -1));
    return each ? [...new Set(times)] : [Math.min(...times)];
  }

  private write(id: ValueId, moment: Moment): void {
    const instance = this.instanceAt(this.timeline.bufferOf[id] ?? -1, moment.at);
    if (instance && later(instance.born, moment)) instance.born = moment;
  }

  /** Requires the value at instruction `at`, for a reader at `until`. */
  private need(id: ValueId, at: number, until: Moment): void {
    const { bufferOf, firstRead } = this.timeline;
    const buffer = bufferOf[id] ?? -1;
    if (buffer < 0) return;
    if (!this.lost[id]) {
      const known = this.sourceUntil.get(buffer);
      if (!known || later(until, known)) this.sourceUntil.set(buffer, until);
      return;
    }
    const times = this.times.get(id);
    const due = Math.min(at, firstRead[id] ?? NEVER);
    if (!times) this.times.set(id, [this.each.has(buffer) ? due : at]);
    else if (!this.each.has(buffer)) times[0] = Math.min(times[0] ?? at, at);
    else if (!times.includes(due)) times.push(due);
    this.occupy(buffer, this.each.has(buffer) ? due : at, until);
  }

  private occupy(buffer: number, at: number, until: Moment): void {
    const known = this.instanceAt(buffer, at);
    if (!known) {
      const list = this.instances.get(buffer) ?? [];
      this.instances.set(buffer, [...list, { buffer, born: { at, rank: -1 }, dies: until }]);
      return;
    }
    if (at < known.born.at) known.born = { at, rank: -1 };
    if (later(until, known.dies)) known.dies = until;
  }

  private instanceAt(buffer: number, at: number): Instance | undefined {
    const list = this.instances.get(buffer);
    return this.each.has(buffer) ? list?.find(({ born }) => born.at === at) : list?.[0];
  }

  live(): Float64Array {
    const { bytes, start, end, workspace } = this.timeline;
    const starts = this.startsOf();
    const slot = ({ at, rank }: Moment): number => (starts[at] ?? 0) - rank - 1;
    const moments = starts.length === 0 ? 0 : (starts.at(-1) ?? 0) + 1;
    const live = new Float64Array(moments + 1);
    const add = (from: number, to: number, size: number): void => {
      live[from] = (live[from] ?? 0) + size;
      live[to + 1] = (live[to + 1] ?? 0) - size;
    };
    for (let i = 0; i < bytes.length; i++) {
      add(starts[start[i] ?? 0] ?? 0, starts[end[i] ?? 0] ?? 0, bytes[i] ?? 0);
    }
    // Buffers that die earlier, and those that live on as recompute sources.
    const last = (buffer: number): number => starts[end[buffer] ?? 0] ?? 0;
    const ends = new Map<number, number>();
    for (const { buffer, forwardEnd } of this.dropped.keys()) ends.set(buffer, starts[forwardEnd] ?? 0);
    for (const [buffer, until] of this.sourceUntil) {
      ends.set(buffer, Math.max(ends.get(buffer) ?? last(buffer), slot(until)));
    }
    for (const [buffer, to] of ends) add(to + 1, last(buffer), -(bytes[buffer] ?? 0));
    for (const instances of this.instances.values()) {
      for (const { buffer, born, dies } of instances) add(slot(born), slot(dies), bytes[buffer] ?? 0);
    }
    for (let at = 1; at < live.length; at++) live[at] = (live[at] ?? 0) + (live[at - 1] ?? 0);
    for (let at = 0; at < workspace.length; at++) {
      const extra = (this.workspace[at] ?? 0) - (workspace[at] ?? 0);
      const moment = starts[at] ?? 0;
      if (extra > 0) live[moment] = (live[moment] ?? 0) + extra;
    }
    return live.subarray(0, moments);
  }

  /** The moment of each instruction, after the recompute runs before it. */
  private startsOf(): Int32Array {
    const starts = new Int32Array(this.runs.length);
    for (let at = 0, next = 0; at < starts.length; at++) {
      next += this.runs[at] ?? 0;
      starts[at] = next++;
    }
    return starts;
  }
}
