/** The CPU device: native kernels on oneDNN and our own SIMD loops. */
import { availableParallelism } from 'node:os';
import type { DType } from '@inplace-abn/tensor';
import { EstimatedCpu, refusedByCpu } from '../devices/estimate.js';
import { availableMemory } from '../devices/memory.js';
import { NativeAddonError } from '../errors.js';
import { AddonDevice } from './device.js';
import { loadNative } from './load.js';

const INSTRUCTION_SETS: Readonly<Record<string, string>> = { avx512: 'AVX-512', avx2: 'AVX2', sse2: 'SSE2' };

const BALANCE = 6;

class CpuDevice extends AddonDevice {
  readonly name = 'cpu';
  readonly balance = BALANCE;
  protected readonly prefetches = false;

  refuses(dtype: DType): string | null {
    return refusedByCpu(dtype);
  }

  /** Whether it multiplies bfloat16 by instruction (AVX512_BF16 or AMX); elsewhere kernels compute in float32 on bfloat16 data. */
  get multipliesBFloat16(): boolean {
    return this.native.hasBFloat16();
  }

  get machine(): string {
    return this.native.machine();
  }

  /** Of the widest vectors that kernels compute in, such as `AVX-512`. */
  get instructionSet(): string {
    const name = this.native.instructionSet();
    return INSTRUCTION_SETS[name] ?? name;
  }

  availableBytes(): number {
    return availableMemory();
  }

  /** Threads that kernels use: OMP_NUM_THREADS, else the processors this process may run on. */
  get threads(): number {
    return this.native.threads() || availableParallelism();
  }

  get libraries(): Record<string, string> {
    return { oneDNN: this.native.onednnVersion() };
  }
}

let device: CpuDevice | null = null;

/**
 * The CPU of this machine.
 *
 * @throws {NativeAddonError} where the addon cannot be loaded
 */
export function cpu(): CpuDevice {
  device ??= new CpuDevice(loadNative());
  return device;
}

let estimated: EstimatedCpu | null = null;

/** The CPU of this machine; without the native addon one for which plans can be made, while running them throws. */
export function planningCpu(): CpuDevice | EstimatedCpu {
  if (estimated) return estimated;
  try {
    return cpu();
  } catch (error) {
    if (!(error instanceof NativeAddonError)) throw error;
    estimated = new EstimatedCpu(BALANCE, error);
    return estimated;
  }
}

export type { CpuDevice };
