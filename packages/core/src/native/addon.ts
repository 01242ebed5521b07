/** The native addon's exports, as native/addon.cc lists them. */
import type { KernelSpec } from '../devices/device.js';

export interface NativeMemory {
  readonly bytes: number;
  read(offset: number, length: number): Uint8Array;
  readInto(offset: number, target: Uint8Array): void;
  write(offset: number, data: Uint8Array): void;
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
  /** Of the module, for errors. */
  readonly path?: string;
}

export interface NativeFeed extends NativeLocation {
  readonly length: number;
  /** null: what was prefetched. */
  readonly data: Uint8Array | null;
}

export interface NativeDeviceOptions {
  /** Bytes of one product's workspace. */
  readonly workspaceLimit: number;
  /** float32 products may round their operands to TF32. */
  readonly tf32: boolean;
  /** Collectives by NCCL, which every process has; else over the host. */
  readonly nccl: boolean;
  /** Runs are captured and launched as a whole. */
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
}

export interface NativeGroupOptions {
  readonly name: string;
  readonly rank: number;
  readonly size: number;
  /** Address of this machine that the others reach. */
  readonly hostname: string;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
}

/** What awaits each process: by lane and peer. */
export type NativeAddresses = readonly (readonly Uint8Array[])[];

/** The collectives work on copies of host bytes, after what the compute thread has to do. */
export interface NativeGroup {
  addresses(): NativeAddresses;
  connect(addresses: NativeAddresses): Promise<void>;
  allReduce(data: Uint8Array, dtype: 'float32' | 'float64' | 'int32'): Promise<Uint8Array>;
  allGather(data: Uint8Array): Promise<Uint8Array>;
  broadcast(data: Uint8Array, root: number): Promise<Uint8Array>;
  broadcastMemory(from: NativeLocation, length: number, root: number): Promise<void>;
  barrier(): Promise<void>;
  abort(reason: string): void;
  close(): void;
  /** Begin, end (seconds of the clock of programs' timings) and bytes of each background sum since the last call. */
  takeSpans(): Float64Array;
}

/** The addon's exports, as native/addon.cc lists them. */
export interface NativeAddon {
  readonly Memory: new (bytes: number, device?: NativeDevice) => NativeMemory;
  readonly Kernel: new (spec: KernelSpec, device?: NativeDevice) => NativeKernel;
  readonly Program: new (instructions: readonly NativeInstruction[], device?: NativeDevice) => NativeProgram;
  /** Of a device plugin. Throws with one sentence for what is missing. */
  readonly Device: new (
    plugin: string,
    index: number,
    options: NativeDeviceOptions,
  ) => NativeDevice;
  /** What a plugin found, as JSON; `free`: also what is free on each device. Throws when it cannot be loaded. */
  pluginReport(plugin: string, free: boolean): string;
  readonly Group: new (options: NativeGroupOptions) => NativeGroup;
  /** Index of the first label that is neither in [0, classes) nor `ignored`; −1 where there is none. */
  firstOutside(labels: Int32Array | Uint8Array, classes: number, ignored: number): number;
  hasBFloat16(): boolean;
  /** Of the widest vectors that kernels compute in: `avx512`, `avx2`, `sse2`. */
  instructionSet(): string;
  threads(): number;
  onednnVersion(): string;
  /** Threads, CPU and version of oneDNN, in words. */
  machine(): string;
  /** Makes the end of the parent, process `ppid`, this process's end; false where it has ended already. */
  dieWithParent(ppid: number): boolean;
  /** Ends the process at once, whatever its threads wait for: `process.exit` waits for reads that storage never answers. */
  exitNow(code: number): never;
}
