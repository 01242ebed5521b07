/** The interface between the compiler and a device. */
import type { DType, TensorType } from '@inplace-abn/tensor';
import type { Attributes, KernelFamily } from '../ir/define.js';
import type { NamedLimit } from './memory.js';

/** An operand's type and row pitch. */
export interface OperandSpec extends TensorType {
  /** Elements from one row (the channels of a pixel) to the next; default dense. */
  readonly pitch?: number;
}

/** Instead of a kernel's name: the first kernel that accepts the specification, without autotuning. */
export const UNTIMED = 'untimed';

/** One instruction as a device sees it: operand types, no addresses. */
export interface KernelSpec {
  /** Name of the op. */
  readonly op: string;
  /** The op's family, by which devices without kernels estimate workspaces. */
  readonly family?: KernelFamily | undefined;
  /** Its attributes. */
  readonly attrs: Attributes;
  /** Type of each operand; null for one that is left out. */
  readonly inputs: readonly (OperandSpec | null)[];
  /** Type of each result. */
  readonly outputs: readonly OperandSpec[];
  /** Indices of inputs that do not change between runs; default none. */
  readonly constants?: readonly number[];
  /** Name of the kernel to use, or `UNTIMED`; by default the device autotunes. */
  readonly choice?: string;
}

/** The implementation that was chosen among several. */
export interface KernelChoice {
  readonly name: string;
  /** Why the requested implementation was not used; empty if it was, or if none was requested. */
  readonly refusal: string;
}

/** A kernel's own layout of constant inputs, kept between runs. */
export interface KernelLayout {
  readonly bytes: number;
  /** Indices of inputs that are read when the layout is written instead of at every run. */
  readonly inputs: readonly number[];
}

/**
 * A stateless kernel for any number of instructions with one specification. Opaque except for what the plan
 * needs.
 */
export interface PreparedKernel {
  /** Scratch memory in bytes, while it runs and while it writes its layout. */
  readonly workspaceBytes: number;
  /** null: every input is read at every run. */
  readonly layout: KernelLayout | null;
  /** Name of the chosen implementation. */
  readonly implementation: string;
  /** One line per faster implementation: why it was rejected. */
  readonly refusals: readonly string[];
  /** null: the specification determines the kernel, without autotuning. */
  readonly choice: KernelChoice | null;
}

/** A block of device memory. */
export interface DeviceMemory {
  /** Size of the block. */
  readonly bytes: number;
  /** A copy of `length` bytes starting at `offset`. */
  read(offset: number, length: number): Uint8Array;
  /** Fills `target` with the bytes starting at `offset`. */
  readInto(offset: number, target: Uint8Array): void;
  /** Writes bytes starting at `offset`. */
  write(offset: number, data: Uint8Array): void;
  /**
   * Makes the system back these bytes with memory now instead of at their first access; the content stays.
   * Absent if memory is backed from the start.
   *
   * @throws Error, code OUT_OF_MEMORY, if the system refuses
   */
  populate?(offset: number, length: number): void;
  /**
   * Returns the memory to the system without waiting for garbage collection. The block stays valid and reads
   * as zeros. Must not be called while a program runs on it.
   */
  discard(): void;
}

export interface Location {
  readonly memory: DeviceMemory;
  readonly offset: number;
}

export interface LoadedInstruction {
  readonly kernel: PreparedKernel;
  /** `layout`: writes the kernel's layout; `run` (default): computes the outputs. */
  readonly part?: 'layout' | 'run';
  readonly inputs: readonly (Location | null)[];
  readonly outputs: readonly Location[];
  readonly workspace: Location | null;
  /** Location of the kernel's layout, if it has one. */
  readonly layout?: Location | null;
  /** Module path, for errors. */
  readonly path?: string;
}

export interface Feed extends Location {
  readonly length: number;
  /** null: use the data prefetched for this location. */
  readonly data: Uint8Array | null;
}

export interface Fetch extends Location {
  readonly length: number;
}

/** In seconds, on the clock shared by everything that runs in this process. */
export interface Timing {
  /** When the instruction started. */
  readonly begin: number;
  /** When it was done. */
  readonly end: number;
}

export interface RunResult {
  /** Bytes of each fetch. */
  readonly values: readonly Uint8Array[];
  /** One per instruction, if requested. */
  readonly timings: readonly Timing[];
}

/** Instructions that are loaded on a device. */
export interface Executable {
  /**
   * Copies the feeds in, runs instructions [begin, end) on the device's thread and copies the fetches out.
   * Only one run at a time. Rejects with NotFiniteError if a guard stops it.
   */
  run(
    feeds: readonly Feed[],
    fetches: readonly Fetch[],
    range: { begin: number; end: number },
    timed: boolean,
  ): Promise<RunResult>;
  /**
   * Starts the transfer of feeds. A later run uses them by passing feeds without data for the same locations.
   * Absent if the device does not support it.
   */
  prefetch?(feeds: readonly Feed[]): void;
  /**
   * Waits for the sums that an abandoned run has started, because the next run reuses their memory. Absent if
   * none can be pending.
   */
  settle?(): Promise<void>;
}

/** Hardware that a plan is made for and runs on. */
export interface Device {
  /** Name of the device, such as `cpu` or `cuda:0`. */
  readonly name: string;
  /**
   * Arithmetic intensity: operations a good kernel performs per byte moved. A rough value is enough to rank
   * nodes by cost.
   */
  readonly balance: number;
  /** Versions of the libraries in use, by name. */
  readonly libraries: Readonly<Record<string, string>>;
  /** Why kernel workspaces are estimates, in one sentence; absent if they are exact. */
  readonly estimate?: string;
  /** Why the device does not support `dtype`; null if it does. */
  refuses(dtype: DType): string | null;
  /**
   * Human-readable hardware, thread count and library versions. Besides the kernels, the last bits of a sum
   * depend on them.
   */
  readonly machine: string;
  /** Chooses a kernel for a specification. */
  prepare(spec: KernelSpec): PreparedKernel;
  /**
   * Allocates zero-filled memory, in bytes.
   *
   * @throws Error, code OUT_OF_MEMORY, if the system refuses
   */
  allocate(bytes: number): DeviceMemory;
  /** Loads instructions; the result runs them in order. */
  load(instructions: readonly LoadedInstruction[]): Executable;
  /**
   * Bytes that can be allocated and backed now, including `mapped` bytes that are allocated already but not
   * backed (default 0).
   */
  availableBytes(mapped?: number): number;
  /**
   * The limit that {@link availableBytes} comes from; null, or absent: the memory of the machine or device.
   */
  limitedBy?(): NamedLimit | null;
}
