/** What the compiler asks of a device. */
import type { DType, TensorType } from '@inplace-abn/tensor';
import type { Attributes } from '../ir/define.js';

/** An operand's type and how its rows lie. */
export interface OperandSpec extends TensorType {
  /** Elements from one row (the channels of a pixel) to the next; dense when left out. */
  readonly pitch?: number;
}

/** One instruction as a device sees it: operand types, no addresses. */
export interface KernelSpec {
  readonly op: string;
  readonly attrs: Attributes;
  readonly inputs: readonly (OperandSpec | null)[];
  readonly outputs: readonly OperandSpec[];
  /** Inputs that stay the same from run to run; none when left out. */
  readonly constants?: readonly number[];
  /** Name of the kernel to take, of several that are timed otherwise. */
  readonly choice?: string;
}

/** Which of several implementations was taken. */
export interface KernelChoice {
  readonly name: string;
  /** Why it is not the one that was asked for; empty where it is, or none was. */
  readonly refusal: string;
}

/** What a kernel keeps of constant inputs between runs, in a form of its own. */
export interface KernelLayout {
  readonly bytes: number;
  /** Inputs that are read when it is written, and not at a run. */
  readonly inputs: readonly number[];
}

/** A kernel for any number of instructions of one specification, which keeps nothing of a run; opaque but for what the plan needs. */
export interface PreparedKernel {
  /** Scratch memory of each part. */
  readonly workspaceBytes: number;
  /** null: every input is read at every run. */
  readonly layout: KernelLayout | null;
  /** Name of the implementation chosen, and why faster ones were passed over. */
  readonly implementation: string;
  readonly refusals: readonly string[];
  /** null: the specification alone decides. */
  readonly choice: KernelChoice | null;
}

/** A block of device memory. */
export interface DeviceMemory {
  readonly bytes: number;
  /** A copy of `length` bytes from `offset`. */
  read(offset: number, length: number): Uint8Array;
  /** Fills `target` with the bytes from `offset` on. */
  readInto(offset: number, target: Uint8Array): void;
  write(offset: number, data: Uint8Array): void;
  /**
   * Gives the memory back to the system without waiting for the garbage collector. The block stays and reads as zeros;
   * not while a program runs on it.
   */
  discard(): void;
}

export interface Location {
  readonly memory: DeviceMemory;
  readonly offset: number;
}

export interface LoadedInstruction {
  readonly kernel: PreparedKernel;
  /** `layout`: writes the kernel's layout; `run`, when left out: computes the outputs. */
  readonly part?: 'layout' | 'run';
  readonly inputs: readonly (Location | null)[];
  readonly outputs: readonly Location[];
  readonly workspace: Location | null;
  /** Where the kernel's layout is kept, if it has one. */
  readonly layout?: Location | null;
  /** Of the module, for errors. */
  readonly path?: string;
}

export interface Feed extends Location {
  readonly length: number;
  /** null: what was prefetched for this location. */
  readonly data: Uint8Array | null;
}

export interface Fetch extends Location {
  readonly length: number;
}

/** In seconds of a clock that all that runs in a process shares. */
export interface Timing {
  readonly begin: number;
  readonly end: number;
}

export interface RunResult {
  /** Bytes of each fetch. */
  readonly values: readonly Uint8Array[];
  /** Of each instruction when asked for. */
  readonly timings: readonly Timing[];
}

export interface Executable {
  /**
   * Copies the feeds in, runs instructions [begin, end) on the device's thread and copies the fetches out.
   * One run at a time. Rejects with NotFiniteError when a guard stopped it.
   */
  run(
    feeds: readonly Feed[],
    fetches: readonly Fetch[],
    range: { begin: number; end: number },
    timed: boolean,
  ): Promise<RunResult>;
  /** Takes copies that a later run may be fed by name alone, and begins to move them; where the device can. */
  prefetch?(feeds: readonly Feed[]): void;
}

export interface Device {
  readonly name: string;
  /** Operations that a good kernel does while a byte moves; about right is enough to tell costly nodes from cheap ones. */
  readonly balance: number;
  /** Versions, by name, of the libraries in use. */
  readonly libraries: Readonly<Record<string, string>>;
  /** Why kernels' workspaces are estimates, in one sentence; left out where they are the kernels' own. */
  readonly estimate?: string;
  /** Why the device does not compute in `dtype`; null when it does. */
  refuses(dtype: DType): string | null;
  /** CPU or GPU, threads and versions, for a person to read: apart from the kernels, the last bits of a sum depend on them. */
  readonly machine: string;
  prepare(spec: KernelSpec): PreparedKernel;
  allocate(bytes: number): DeviceMemory;
  load(instructions: readonly LoadedInstruction[]): Executable;
  /** Bytes that can be allocated now. */
  availableBytes(): number;
}
