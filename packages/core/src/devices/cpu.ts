/** The CPU device: native kernels on oneDNN and our own SIMD loops, run on the addon's compute thread. */
import { availableParallelism } from 'node:os';
import type { DType } from '../dtype.js';
import { NotFiniteError } from '../errors.js';
import { loadNative, type NativeAddon, type NativeKernel, type NativeMemory } from '../native/load.js';
import type {
  Device,
  DeviceMemory,
  Executable,
  KernelSpec,
  LoadedInstruction,
  PreparedKernel,
  Timing,
} from './device.js';
import { availableMemory } from './memory.js';

/** Runs bfloat16 without hardware support, by conversion: correct and slow, for tests. */
const EMULATE = 'IABN_EMULATE_BF16';

class CpuDevice implements Device {
  readonly name = 'cpu';

  constructor(private readonly native: NativeAddon) {}

  refuses(dtype: DType): string | null {
    if (dtype !== 'bfloat16' || this.native.hasBFloat16() || process.env[EMULATE] === '1') return null;
    return (
      'this CPU has no bfloat16 instructions (AVX512_BF16 or AMX): use float32 (network.precision), ' +
      `or set ${EMULATE}=1 to compute bfloat16 slowly by conversion`
    );
  }

  prepare(spec: KernelSpec): PreparedKernel {
    return new this.native.Kernel(spec);
  }

  allocate(bytes: number): DeviceMemory {
    return new this.native.Memory(bytes);
  }

  load(instructions: readonly LoadedInstruction[]): Executable {
    // Kernels and memories are those of prepare() and allocate(): what the addon made.
    const program = new this.native.Program(
      instructions as readonly (LoadedInstruction & {
        kernel: NativeKernel;
        workspace: { memory: NativeMemory; offset: number } | null;
        layout?: { memory: NativeMemory; offset: number } | null;
      })[],
    );
    return {
      async run(feeds, fetches, { begin, end }, timed) {
        try {
          const { values, timings } = await program.run(feeds, fetches, begin, end, timed);
          return { values, timings: timingsOf(timings) };
        } catch (error) {
          throw translate(error);
        }
      },
    };
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

/** From begin and end of each, one after the other. */
function timingsOf(pairs: Float64Array): Timing[] {
  return Array.from({ length: pairs.length / 2 }, (_, i) => {
    return { begin: pairs[2 * i] ?? 0, end: pairs[2 * i + 1] ?? 0 };
  });
}

function translate(error: unknown): unknown {
  if (error instanceof Error && 'code' in error && error.code === 'RUN_STOPPED') {
    return new NotFiniteError(error.message);
  }
  return error;
}

let device: CpuDevice | null = null;

/** The CPU of this machine. Throws when the native addon is not built. */
export function cpu(): CpuDevice {
  device ??= new CpuDevice(loadNative());
  return device;
}

export type { CpuDevice };
