/** The CPU device: oneDNN, where the addon is built with it, and our own SIMD kernels. */
import type { DType } from '@inplace-abn/tensor';
import { withCoreNames } from '../devices/arm-cores.js';
import { EstimatedCpu, refusedByCpu } from '../devices/estimate.js';
import { memoryLimit, type NamedLimit, namedLimit } from '../devices/memory.js';
import { availableProcessors } from '../devices/processors.js';
import { NativeAddonError, UsageError } from '../errors.js';
import { AddonDevice } from './device.js';
import { loadNative } from './load.js';

const INSTRUCTION_SETS: Readonly<Record<string, string>> = {
  avx512: 'AVX-512',
  avx2: 'AVX2',
  sse2: 'SSE2',
  neon: 'NEON',
  simd128: 'WebAssembly SIMD',
};

const BALANCE = 6;

/** A limit that no system setting raises. */
const WEBASSEMBLY: NamedLimit = {
  name: 'the 4 GB that WebAssembly can address',
  remedy: 'compute on a system with native kernels (Linux on x64 or ARM)',
};

class CpuDevice extends AddonDevice {
  readonly name = 'cpu';
  readonly balance = BALANCE;
  protected readonly prefetches = false;

  refuses(dtype: DType): string | null {
    return refusedByCpu(dtype);
  }

  /**
   * True if the CPU multiplies bfloat16 natively (AVX512_BF16 or AMX). Otherwise kernels convert bfloat16
   * data to float32.
   */
  get multipliesBFloat16(): boolean {
    return this.native.hasBFloat16();
  }

  get machine(): string {
    return withCoreNames(this.native.machine());
  }

  /** Widest instruction set that the kernels use, such as `AVX-512`. */
  get instructionSet(): string {
    const name = this.native.instructionSet();
    return INSTRUCTION_SETS[name] ?? name;
  }

  availableBytes(mapped = 0): number {
    const { system, addressable } = this.limits(mapped);
    return Math.min(system.bytes, addressable);
  }

  /** The limit that {@link availableBytes} comes from; null: the memory of the machine. */
  limitedBy(): NamedLimit | null {
    const { system, addressable } = this.limits(0);
    return addressable < system.bytes ? WEBASSEMBLY : namedLimit(system);
  }

  /** Whether kernels run in WebAssembly, which has addresses for 4 GB. */
  get inWebAssembly(): boolean {
    return this.native.addressableBytes !== undefined;
  }

  /** Size of WebAssembly's linear memory, in bytes, which only grows; null where kernels are native. */
  get linearMemoryBytes(): number | null {
    return this.native.linearMemoryBytes?.() ?? null;
  }

  /** The two limits, of which the tighter counts: the system's, and the addon's address space. */
  private limits(mapped: number) {
    const system = memoryLimit({ mapped, reserved: this.inWebAssembly });
    const addressable = (this.native.addressableBytes?.() ?? Number.POSITIVE_INFINITY) + mapped;
    return { system, addressable };
  }

  /** Number of kernel threads: OMP_NUM_THREADS, or {@link availableProcessors}. */
  get threads(): number {
    return this.native.threads() || availableProcessors();
  }

  get libraries(): Record<string, string> {
    const version = this.native.onednnVersion();
    return version === '' ? { 'own kernels': 'without oneDNN' } : { oneDNN: version };
  }
}

let device: CpuDevice | null = null;

/**
 * The CPU of this machine.
 *
 * @throws {NativeAddonError} if the addon cannot be loaded
 */
export function cpu(): CpuDevice {
  device ??= new CpuDevice(loadNative());
  return device;
}

let estimated: EstimatedCpu | null = null;

/** The CPU of this machine. Where no addon can be loaded, a device that can plan but throws on running. */
export function defaultDevice(): CpuDevice | EstimatedCpu {
  if (estimated) return estimated;
  try {
    return cpu();
  } catch (error) {
    if (!(error instanceof NativeAddonError)) throw error;
    estimated = new EstimatedCpu(BALANCE, error);
    return estimated;
  }
}

let untimed: EstimatedCpu | null = null;

/**
 * A CPU to plan on: this machine's if the native addon can be loaded, else one that estimates workspaces and
 * throws on running. It does not plan on the WebAssembly addon, which would autotune convolutions anew in
 * each process and cannot allocate operands of 4 GB.
 */
export function planningCpu(): CpuDevice | EstimatedCpu {
  const device = defaultDevice();
  if (device instanceof EstimatedCpu || !device.inWebAssembly) return device;
  untimed ??= new EstimatedCpu(
    BALANCE,
    new UsageError('plans for WebAssembly time no kernels and cannot run: use cpu()'),
  );
  return untimed;
}

let portable: EstimatedCpu | null = null;

/**
 * A CPU that only plans, with estimated workspaces: its plans are the same on every machine, with and without
 * the native addon. Running on it throws.
 */
export function portableCpu(): EstimatedCpu {
  portable ??= new EstimatedCpu(
    BALANCE,
    new UsageError('a portable plan is the same on every machine and cannot run: plan on cpu()'),
  );
  return portable;
}

export type { CpuDevice };
