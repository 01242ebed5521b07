/** Base class of devices whose kernels run in the native addon, on its compute thread. */
import type { DType } from '@inplace-abn/tensor';
import type {
  Device,
  DeviceMemory,
  Executable,
  Feed,
  KernelSpec,
  LoadedInstruction,
  PreparedKernel,
  Timing,
} from '../devices/device.js';
import { NotFiniteError } from '../errors.js';
import type { NativeAddon, NativeDevice, NativeFeed, NativeInstruction, NativeMemory } from './addon.js';

/** A device of the native addon: the CPU or a plugin. */
export abstract class AddonDevice implements Device {
  abstract readonly name: string;
  abstract readonly balance: number;
  abstract readonly libraries: Readonly<Record<string, string>>;

  /** Wraps a device of the addon. */
  constructor(
    /** The loaded addon. */
    protected readonly native: NativeAddon,
    /** Its device; undefined for the CPU. */
    protected readonly handle?: NativeDevice,
  ) {}

  abstract get machine(): string;
  abstract refuses(dtype: DType): string | null;
  abstract availableBytes(mapped?: number): number;
  /** True if inputs can be transferred during a run. */
  protected abstract readonly prefetches: boolean;

  prepare(spec: KernelSpec): PreparedKernel {
    return new this.native.Kernel(spec, this.handle);
  }

  allocate(bytes: number): DeviceMemory {
    return new this.native.Memory(bytes, this.handle);
  }

  load(instructions: readonly LoadedInstruction[]): Executable {
    // Kernels and memory come from prepare() and allocate(), so the addon created them.
    const program = new this.native.Program(instructions as readonly NativeInstruction[], this.handle);
    const prefetch = (feeds: readonly Feed[]): void => {
      for (const { memory, offset, data } of feeds) {
        if (data) program.prefetch({ memory: memory as NativeMemory, offset }, data);
      }
    };
    return {
      async run(feeds, fetches, { begin, end }, timed) {
        try {
          const { values, timings } = await program.run(
            feeds as readonly NativeFeed[],
            fetches as Parameters<typeof program.run>[1],
            begin,
            end,
            timed,
          );
          return { values, timings: timingsOf(timings) };
        } catch (error) {
          throw translate(error);
        }
      },
      ...(this.prefetches ? { prefetch } : {}),
      settle: async () => program.settle?.(),
    };
  }
}

/** `pairs`: start and end of each instruction, in seconds. */
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
