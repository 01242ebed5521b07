/** The CPU device: native kernels on oneDNN and our own SIMD loops. */
import { availableParallelism } from 'node:os';
import type { DType } from '../dtype.js';
import { loadNative } from '../native/load.js';
import { AddonDevice } from './addon.js';
import { availableMemory } from './memory.js';

/** Runs bfloat16 without hardware support, by conversion: correct and slow, for tests. */
const EMULATE = 'IABN_EMULATE_BF16';

class CpuDevice extends AddonDevice {
  readonly name = 'cpu';
  readonly balance = 6;
  protected readonly prefetches = false;

  refuses(dtype: DType): string | null {
    if (dtype === 'float16') {
      return 'the CPU device does not compute in float16: use float32 or bfloat16 (network.precision)';
    }
    if (dtype !== 'bfloat16' || this.native.hasBFloat16() || process.env[EMULATE] === '1') return null;
    return (
      'this CPU has no bfloat16 instructions (AVX512_BF16 or AMX): use float32 (network.precision), ' +
      `or set ${EMULATE}=1 to compute bfloat16 slowly by conversion`
    );
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

/** The CPU of this machine. Throws when the native addon is not built. */
export function cpu(): CpuDevice {
  device ??= new CpuDevice(loadNative());
  return device;
}

export type { CpuDevice };
