/** A plan loaded on a device: runs it on host arrays and returns its outputs as host arrays. */

import {
  byteLength,
  bytesOf,
  type DTypeArrays,
  dtypeOf,
  elements,
  formatType,
  holds,
  rows,
  type TypedArray,
  viewAs,
} from '@inplace-abn/tensor';
import { runCompared } from '../debug/compare.js';
import { debugLevel } from '../debug/ladder.js';
import type {
  Device,
  DeviceMemory,
  Executable,
  Feed,
  Fetch,
  Location,
  RunResult,
  Timing,
} from '../devices/device.js';
import { UsageError } from '../errors.js';
import { load } from '../host/segments.js';
import { type OutputTypes, operands, type ValueId, valueInfo } from '../ir/graph.js';
import { isPitched, spanBytes } from '../passes/region.js';
import type { Plan } from '../plan/plan.js';
import { operandsOf, writesOf } from '../plan/schedule.js';
import { checkLabelInput, type LabelInputs, labelInputs } from './labels.js';
import type { Store } from './store.js';

/** Typed arrays by name, elements in storage order: images and activations are channels-last. */
export type Arrays = Readonly<Record<string, TypedArray>>;

/** How to run. */
export interface RunOptions {
  /** Also time every instruction. */
  readonly timed?: boolean;
}

/** The typed array of each output, by its name and dtype. */
export type OutputArrays<O extends OutputTypes> = {
  readonly [K in keyof O]: DTypeArrays[NonNullable<O[K]>];
};

/** Results of a run. */
export interface RunOutput<O extends OutputTypes = OutputTypes> {
  /** Copies of the outputs, by name; channels-last. */
  readonly outputs: OutputArrays<O>;
  /** One per instruction, zeros for a prologue that was skipped; empty unless `timed`. */
  readonly timings: readonly Timing[];
}

/** The program whose values an arena currently holds, since several programs may share an arena. */
const tenants = new WeakMap<DeviceMemory, Program>();

/** A plan on a device. Its outputs are typed by the names and dtypes that were traced. */
export class Program<O extends OutputTypes = OutputTypes> {
  private readonly executable: Executable;
  /** Store version from which the prologue's results in the arena were computed; null if there are none. */
  private prepared: number | null = null;
  /** Inputs whose transfer to the device has started. */
  private prefetched = new Map<string, TypedArray>();
  private readonly stateNames: ReadonlyMap<ValueId, string>;
  private readonly labels: LabelInputs;
  /** Parameters that the instructions read. */
  private readonly parameters: readonly string[];

  /**
   * Loads a plan. Programs that never run concurrently may share an arena.
   *
   * @throws UsageError for an arena below `plan.arenaBytes`
   */
  constructor(
    /** The instructions, and where each buffer lies. */
    readonly plan: Plan<O>,
    device: Device,
    /** Parameters, buffers and optimizer state that the program reads and updates. */
    readonly store: Store,
    /** Memory of all values other than states. */
    readonly arena: DeviceMemory,
  ) {
    if (arena.bytes < plan.arenaBytes) {
      throw new UsageError(
        `the plan needs an arena of ${plan.arenaBytes} bytes but was given ${arena.bytes}`,
      );
    }
    const { graph } = plan;
    this.stateNames = new Map(graph.states.map((state) => [state.value, state.name]));
    this.labels = labelInputs(graph);
    const read = new Set(graph.nodes.flatMap(operands));
    this.parameters = graph.states
      .filter(({ kind, value }) => kind === 'parameter' && read.has(value))
      .map(({ name }) => name);
    this.executable = load(
      device,
      plan.instructions.map((instruction) => ({
        kernel: instruction.kernel,
        part: instruction.part,
        path: instruction.node.path,
        inputs: operandsOf(instruction).map((id) => (id === null ? null : this.locate(id))),
        outputs: writesOf(instruction).map((id) => this.locate(id)),
        workspace: this.inArena(instruction.workspace),
        layout: this.inArena(instruction.layout),
      })),
    );
  }

  private inArena(offset: number | null): Location | null {
    return offset === null ? null : { memory: this.arena, offset };
  }

  /**
   * Location of a value, valid while it owns its buffer.
   *
   * @throws RangeError for a value that the plan has no place for
   */
  locate(id: ValueId): Location {
    const state = this.stateNames.get(this.plan.inState.get(id) ?? id);
    if (state !== undefined) return this.store.locate(state);
    const offset = this.plan.offsets.get(id);
    if (offset === undefined) throw new RangeError(`value %${id} has no place in the plan`);
    return { memory: this.arena, offset };
  }

  /**
   * Runs the step once. Await a run before starting the next.
   *
   * @param inputs one array per graph input, elements in storage order (channels-last for data)
   * @throws NotFiniteError if a guard stops the step; no state has been updated
   * @throws UsageError before anything runs, for an input that is missing, unknown, or of another dtype or
   *   length, for an invalid label (code ERR_LABEL), and for a parameter that was never written
   */
  async run(inputs: Arrays, options: RunOptions = {}): Promise<RunOutput<O>> {
    if (debugLevel() >= 5) return { outputs: this.typed(await runCompared(this, inputs)), timings: [] };
    const { graph } = this.plan;
    const names = [...graph.outputs.keys()];
    const fetches = [...graph.outputs.values()].map((id): Fetch => {
      return { ...this.locate(id), length: byteLength(valueInfo(graph, id)) };
    });
    const { values, timings } = await this.execute(this.feeds(inputs), fetches, options.timed ?? false);
    const outputs: Record<string, TypedArray> = {};
    [...graph.outputs.values()].forEach((id, index) => {
      const bytes = values[index] ?? new Uint8Array();
      outputs[names[index] ?? ''] = viewAs(valueInfo(graph, id).dtype, bytes);
    });
    return { outputs: this.typed(outputs), timings };
  }

  private typed(arrays: Arrays): OutputArrays<O> {
    if (this.holdsOutputs(arrays)) return arrays;
    throw new RangeError('the device gave outputs of other dtypes');
  }

  private holdsOutputs(arrays: Arrays): arrays is OutputArrays<O> {
    const { graph } = this.plan;
    return [...graph.outputs].every(([name, id]) => {
      const array = arrays[name];
      return array !== undefined && holds(array, valueInfo(graph, id).dtype);
    });
  }

  /**
   * True if the device can take the next inputs during a run. Unnecessary where it reads host memory
   * directly.
   */
  get prefetches(): boolean {
    return this.executable.prefetch !== undefined;
  }

  /**
   * Starts moving some inputs to the device during a run. The next run uses them if it is given the same
   * arrays, unmodified. Call this after starting the current run, and only if `prefetches` is true.
   */
  prefetch(inputs: Arrays): void {
    this.executable.prefetch?.(Object.entries(inputs).flatMap(([name, data]) => this.feedOf(name, data)));
    this.prefetched = new Map(Object.entries(inputs));
  }

  /** Runs all instructions, skipping the prologue if its results are still valid. */
  private async execute(
    feeds: readonly Feed[],
    fetches: readonly Fetch[],
    timed: boolean,
  ): Promise<RunResult> {
    const { prologue, instructions } = this.plan;
    const holds = tenants.get(this.arena) === this && this.prepared === this.store.version;
    const range = { begin: holds ? prologue : 0, end: instructions.length };
    this.enter();
    const { version } = this.store;
    const { values, timings } = await this.executable.run(feeds, fetches, range, timed);
    this.prepared = version;
    const skipped = timed ? Array.from({ length: range.begin }, () => ({ begin: 0, end: 0 })) : [];
    return { values, timings: [...skipped, ...timings] };
  }

  /** Marks the arena as holding this program's values, and the states as about to change. */
  private enter(): void {
    this.store.requireWritten(this.parameters);
    tenants.set(this.arena, this);
    this.prepared = null;
    if (this.plan.graph.updates.size > 0) this.store.changed();
  }

  /** Copies the inputs in without running, for running instruction by instruction. */
  async feed(inputs: Arrays): Promise<void> {
    this.enter();
    await this.executable.run(this.feeds(inputs), [], { begin: 0, end: 0 }, false);
  }

  /** Runs instruction `index` alone; the prologue's instructions come first. */
  async step(index: number): Promise<void> {
    this.enter();
    await this.executable.run([], [], { begin: index, end: index + 1 }, false);
  }

  /** The elements of a value, valid while it owns its buffer. */
  peek(id: ValueId): TypedArray {
    const info = valueInfo(this.plan.graph, id);
    const { memory, offset } = this.locate(id);
    const region = this.plan.regions.get(id);
    if (!region || !isPitched(region)) return viewAs(info.dtype, memory.read(offset, byteLength(info)));
    const count = rows(info.shape);
    const span = memory.read(offset, spanBytes(region, count));
    const dense = new Uint8Array(byteLength(info));
    for (let row = 0; row < count; row++) {
      const from = row * region.pitch;
      dense.set(span.subarray(from, from + region.width), row * region.width);
    }
    return viewAs(info.dtype, dense);
  }

  /** The feeds of a run. Those of prefetched inputs have no data: the device finds it by location. */
  private feeds(inputs: Arrays): Feed[] {
    const { graph } = this.plan;
    for (const name of Object.keys(inputs)) {
      if (!graph.inputs.has(name)) {
        throw new UsageError(
          `the program has no input ${name}; it has ${[...graph.inputs.keys()].join(', ')}`,
        );
      }
    }
    const known = this.prefetched;
    this.prefetched = new Map();
    return [...graph.inputs.keys()].flatMap((name): Feed[] => {
      const data = inputs[name];
      const there = data !== undefined && sameMemory(known.get(name), data);
      return this.feedOf(name, data, there);
    });
  }

  /**
   * The feed of an input; none if the input was pruned because nothing reads it. `there`: the input was
   * validated and prefetched.
   */
  private feedOf(name: string, data: TypedArray | undefined, there = false): Feed[] {
    const { graph } = this.plan;
    const id = graph.inputs.get(name);
    if (id === undefined) throw new UsageError(`the program has no input ${name}`);
    const info = valueInfo(graph, id);
    if (!data) throw new UsageError(`expected an array for input ${name}: ${formatType(info)}`);
    if (!holds(data, info.dtype) || data.length !== elements(info.shape)) {
      throw new UsageError(
        `expected ${formatType(info)} for input ${name} but received ${data.length} elements of ${dtypeOf(data)}`,
      );
    }
    if (!this.plan.offsets.has(id)) return [];
    if (!there) checkLabelInput(this.labels, name, data);
    return [{ ...this.locate(id), length: data.byteLength, data: there ? null : bytesOf(data) }];
  }
}

function sameMemory(a: TypedArray | undefined, b: TypedArray): boolean {
  return a?.buffer === b.buffer && a.byteOffset === b.byteOffset && a.byteLength === b.byteLength;
}
