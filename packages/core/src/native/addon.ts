/** Types of the native addon's exports, as listed in native/addon.cc. */
import type { KernelSpec } from '../devices/device.js';

export interface NativeMemory {
  readonly bytes: number;
  read(offset: number, length: number): Uint8Array;
  readInto(offset: number, target: Uint8Array): void;
  write(offset: number, data: Uint8Array): void;
  /** Throws an error with code OUT_OF_MEMORY, as the constructor does. */
  populate?(offset: number, length: number): void;
  discard(): void;
}

export interface NativeKernel {
  readonly workspaceBytes: number;
  readonly layout: { readonly bytes: number; readonly inputs: readonly number[] } | null;
  readonly implementation: string;
  readonly refusals: readonly string[];
  readonly choice: { readonly name: string; readonly refusal: string } | null;
}

export interface NativeLocation {
  readonly memory: NativeMemory;
  readonly offset: number;
}

export interface NativeInstruction {
  readonly kernel: NativeKernel;
  readonly part?: 'layout' | 'run';
  readonly inputs: readonly (NativeLocation | null)[];
  readonly outputs: readonly (NativeLocation | null)[];
  readonly workspace: NativeLocation | null;
  readonly layout?: NativeLocation | null;
  /** Module path, for errors. */
  readonly path?: string;
}

export interface NativeFeed extends NativeLocation {
  readonly length: number;
  /** null: use the prefetched data. */
  readonly data: Uint8Array | null;
}

export interface NativeDeviceOptions {
  /** Workspace limit of one convolution or matrix product, in bytes. */
  readonly workspaceLimit: number;
  /** Whether float32 products may round their operands to TF32. */
  readonly tf32: boolean;
  /** Run collectives with NCCL, which every process must have; otherwise through host memory. */
  readonly nccl: boolean;
  /** Capture each run as a CUDA graph and launch it as a whole. */
  readonly graphs: boolean;
}

export interface NativeDevice {
  availableBytes(): number;
}

export interface NativeProgram {
  prefetch(location: NativeLocation, data: Uint8Array): void;
  run(
    feeds: readonly NativeFeed[],
    fetches: readonly (NativeLocation & { readonly length: number })[],
    begin: number,
    end: number,
    timed: boolean,
  ): Promise<{ values: Uint8Array[]; timings: Float64Array }>;
  /**
   * Waits for the sums that an abandoned run has started, because the next run reuses their memory. Absent if
   * none can be pending.
   */
  settle?(): Promise<void>;
}

export interface NativeGroupOptions {
  readonly name: string;
  readonly rank: number;
  readonly size: number;
  /**
   * Processes per node, a divisor of `size`; ranks are numbered node by node. Sums run within each node
   * first. 1: all processes form one ring.
   */
  readonly perNode: number;
  /** Address of this machine that the other processes can reach. */
  readonly hostname: string;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
}

/** Addresses at which each process is reached, by lane and peer. */
export type NativeAddresses = readonly (readonly Uint8Array[])[];

/** Collectives work on host copies and queue behind the compute thread's pending work. */
export interface NativeGroup {
  /** Addresses of this process, for the others to connect to. */
  addresses(): NativeAddresses;
  /** Connects to all other processes by their addresses. */
  connect(addresses: NativeAddresses): Promise<void>;
  /** The elementwise sum over all processes. */
  allReduce(data: Uint8Array, dtype: 'float32' | 'float64' | 'int32'): Promise<Uint8Array>;
  /** The bytes of every process, in rank order. */
  allGather(data: Uint8Array): Promise<Uint8Array>;
  /** The bytes of process `root`, on all of them. */
  broadcast(data: Uint8Array, root: number): Promise<Uint8Array>;
  /** Copies device memory of process `root` to all others, in place. */
  broadcastMemory(from: NativeLocation, length: number, root: number): Promise<void>;
  /** Resolves when every process has called it. */
  barrier(): Promise<void>;
  /** Fails all pending and later exchanges with a reason. */
  abort(reason: string): void;
  /** Closes the connections. */
  close(): void;
  /**
   * Start and end (in seconds, on the clock of program timings) and bytes of each background all-reduce since
   * the last call.
   */
  takeSpans(): Float64Array;
}

/** The addon's exports, as listed in native/addon.cc. */
export interface NativeAddon {
  readonly Memory: new (bytes: number, device?: NativeDevice) => NativeMemory;
  readonly Kernel: new (spec: KernelSpec, device?: NativeDevice) => NativeKernel;
  readonly Program: new (instructions: readonly NativeInstruction[], device?: NativeDevice) => NativeProgram;
  /** A device of a plugin. Throws with one sentence that says what is missing. */
  readonly Device: new (
    plugin: string,
    index: number,
    options: NativeDeviceOptions,
  ) => NativeDevice;
  /**
   * The plugin's report as JSON; `free`: include the free memory of each device. Throws if the plugin cannot
   * be loaded.
   */
  pluginReport(plugin: string, free: boolean): string;
  readonly Group: new (options: NativeGroupOptions) => NativeGroup;
  /** Index of the first label that is neither in [0, classes) nor `ignored`; −1 if there is none. */
  firstOutside(labels: Int32Array | Uint8Array, classes: number, ignored: number): number;
  hasBFloat16(): boolean;
  /** Widest instruction set that the kernels use: `avx512`, `avx2`, `sse2`, `neon` or `simd128`. */
  instructionSet(): string;
  threads(): number;
  /** Threads that have started so far, including the caller's; absent if work waits for all threads. */
  threadsThere?(): number;
  /** Empty in an addon that is built without oneDNN. */
  onednnVersion(): string;
  /** Human-readable thread count, CPU, and oneDNN version or `own kernels`. */
  machine(): string;
  /** Bytes of address space that are left, in WebAssembly; absent if memory is the only limit. */
  addressableBytes?(): number;
  /** Size of linear memory, which only grows; absent where there is none. */
  linearMemoryBytes?(): number;
  /**
   * Ends this process when its parent, process `ppid`, ends. Returns false if the parent has already ended.
   */
  dieWithParent(ppid: number): boolean;
  /**
   * Ends the process at once, whatever its threads wait for. `process.exit` would wait for threads that are
   * stuck in a read.
   */
  exitNow(code: number): never;
}
