/**
 * Parameters, buffers and optimizer state: device memory that outlives programs, read and written by name.
 */

import {
  byteLength,
  bytesOf,
  type DType,
  dtypeOf,
  elements,
  formatType,
  type HostTensor,
  holds,
  sameShape,
  type TensorArray,
  type TensorType,
  viewAs,
} from '@inplace-abn/tensor';
import type { Device, DeviceMemory, Location } from '../devices/device.js';
import { UsageError } from '../errors.js';
import { type Graph, type StateKind, valueInfo } from '../ir/graph.js';
import { align } from '../passes/place.js';
import { allocatePopulated, type Fitting } from './fits.js';

/** Name, kind, shape and dtype of a tensor of the store. */
export interface StateSpec extends TensorType {
  /** Its key in the store, such as `fc.weight` or `fc.weight.momentum_buffer`. */
  readonly name: string;
  /** `parameter`, `buffer` or `optimizer`. */
  readonly kind: StateKind;
}

/**
 * The union of the states of several graphs, such as a training and an evaluation step.
 *
 * @throws UsageError for a state that has another type in another graph
 */
export function statesOf(...graphs: readonly Graph[]): StateSpec[] {
  const specs = new Map<string, StateSpec>();
  for (const graph of graphs) {
    for (const { name, kind, value } of graph.states) {
      const { shape, dtype } = valueInfo(graph, value);
      const known = specs.get(name);
      if (known && !(sameShape(known.shape, shape) && known.dtype === dtype)) {
        throw new UsageError(
          `state ${name} is ${formatType(known)} in one program and ${formatType({ shape, dtype })} in another`,
        );
      }
      if (!known) specs.set(name, { name, kind, shape, dtype });
    }
  }
  return [...specs.values()];
}

/** Parameters, buffers and optimizer state in device memory, by name. */
export class Store {
  private readonly entries = new Map<string, { spec: StateSpec; offset: number }>();
  /** One block that holds all states, one after another. */
  readonly memory: DeviceMemory;
  private writes = 0;
  /** Parameters that still hold their initial zeros. */
  private readonly unwritten = new Set<string>();

  /**
   * Allocates and zero-fills every state. Buffers and optimizer state may start at zero, but every parameter
   * must be written before a program reads it.
   *
   * @param fitting describes the plan that needs the states, for the error
   * @throws UsageError, code ERR_MEMORY, if memory is insufficient
   */
  constructor(device: Device, specs: readonly StateSpec[], fitting?: Fitting) {
    let offset = 0;
    for (const spec of specs) {
      this.entries.set(spec.name, { spec, offset });
      offset += align(byteLength(spec));
      if (spec.kind === 'parameter') this.unwritten.add(spec.name);
    }
    this.memory = allocatePopulated(device, offset, fitting);
  }

  /** Names, types and kinds of all states, in the order of their definition. */
  get specs(): StateSpec[] {
    return [...this.entries.values()].map(({ spec }) => spec);
  }

  /** True if there is a state with this name. */
  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** Bytes of all states together. */
  get bytes(): number {
    return this.memory.bytes;
  }

  /**
   * Increases with every change of a state. Results computed from the states are valid for one version only.
   */
  get version(): number {
    return this.writes;
  }

  /** Signals that a program is about to change states. */
  changed(): void {
    this.writes++;
  }

  /** Signals that the whole memory is about to be overwritten, as by a broadcast from another process. */
  replaced(): void {
    this.changed();
    this.unwritten.clear();
  }

  /** @throws UsageError if any of these parameters was never written */
  requireWritten(parameters: readonly string[]): void {
    if (this.unwritten.size === 0) return;
    const missing = parameters.filter((name) => this.unwritten.has(name));
    const [first, ...others] = missing;
    if (first === undefined) return;
    const more = others.length > 0 ? ` and ${others.length} more` : '';
    throw new UsageError(
      `parameter ${first}${more} was never written: write an initial value or a checkpoint into the store before running a program (initialState of @inplace-abn/nn creates initial values)`,
    );
  }

  /**
   * Where a state lies in device memory.
   *
   * @throws UsageError for an unknown name
   */
  locate(name: string): Location {
    return { memory: this.memory, offset: this.entry(name).offset };
  }

  private entry(name: string): { spec: StateSpec; offset: number } {
    const entry = this.entries.get(name);
    if (!entry) throw new UsageError(`the store has no state ${name}`);
    return entry;
  }

  /**
   * A copy of state `name`.
   *
   * @throws UsageError for an unknown name; code ERR_DTYPE for a state of another dtype
   */
  read(name: string): HostTensor<DType>;
  read<D extends DType>(name: string, dtype: D): HostTensor<D>;
  read(name: string, dtype?: DType): HostTensor<DType> {
    const { spec, offset } = this.entry(name);
    if (dtype !== undefined && dtype !== spec.dtype) {
      throw new UsageError(`state ${name} is ${formatType(spec)}, not ${dtype}`, { code: 'ERR_DTYPE' });
    }
    const data = viewAs(spec.dtype, this.memory.read(offset, byteLength(spec)));
    return { dtype: spec.dtype, shape: spec.shape, data };
  }

  /**
   * Replaces the content of state `name`.
   *
   * @param data elements in row-major order, as many as the state has
   * @throws UsageError for an unknown name, or if the dtype or number of elements differs
   */
  write(name: string, data: TensorArray): void {
    const { spec, offset } = this.entry(name);
    if (!holds(data, spec.dtype) || data.length !== elements(spec.shape)) {
      throw new UsageError(
        `state ${name} is ${formatType(spec)} but received ${data.length} elements of ${dtypeOf(data)}`,
      );
    }
    this.changed();
    this.unwritten.delete(name);
    this.memory.write(offset, bytesOf(data));
  }

  /**
   * The bytes of state `name`, in order, through one buffer of at most `length` bytes, or through `room` if
   * that is not empty.
   * Each piece is valid until the next one is requested; the state must not change in the meantime.
   */
  *pieces(name: string, length: number, room?: Uint8Array): Generator<Uint8Array> {
    const { spec, offset } = this.entry(name);
    const bytes = byteLength(spec);
    const buffer = room?.byteLength ? room.subarray(0, length) : new Uint8Array(Math.min(length, bytes));
    for (let done = 0; done < bytes; done += buffer.byteLength) {
      const piece = buffer.subarray(0, Math.min(buffer.byteLength, bytes - done));
      this.memory.readInto(offset + done, piece);
      yield piece;
    }
  }

  /**
   * Replaces the content of state `name` with bytes that arrive in pieces.
   *
   * @throws UsageError for an unknown name, or if the dtype or total length differs; the state may then be
   *   partly overwritten
   */
  async writePieces(
    name: string,
    dtype: DType,
    pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const { spec, offset } = this.entry(name);
    const bytes = byteLength(spec);
    const refuse = (received: number): never => {
      throw new UsageError(`state ${name} is ${formatType(spec)} but received ${received} bytes of ${dtype}`);
    };
    if (dtype !== spec.dtype) refuse(bytes);
    this.changed();
    let done = 0;
    for await (const piece of pieces) {
      if (done + piece.byteLength > bytes) refuse(done + piece.byteLength);
      this.memory.write(offset + done, piece);
      done += piece.byteLength;
    }
    if (done < bytes) refuse(done);
    this.unwritten.delete(name);
  }

  /** Copies of all states of the given kinds (all, if none is given), by name, in definition order. */
  stateDict(...kinds: readonly StateKind[]): Map<string, HostTensor<DType>> {
    const wanted = this.specs.filter((spec) => kinds.length === 0 || kinds.includes(spec.kind));
    return new Map(wanted.map((spec) => [spec.name, this.read(spec.name)]));
  }
}
