import { formatBytes } from '@inplace-abn/tensor';
import type { Device, DeviceMemory } from '../devices/device.js';
import type { NamedLimit } from '../devices/memory.js';
import { UsageError } from '../errors.js';

/** Describes a plan, for the error thrown when it does not fit in memory. */
export interface Fitting {
  /** Subject of the error, such as `batch 64 at 224×224`. */
  readonly what: string;
  /** How to need less, such as `choose a smaller batch`. */
  readonly advice: string;
  /** Bytes of host memory that the rest of the process needs, such as its loaders; default 0. */
  readonly others?: number;
}

const PROGRAM: Fitting = { what: 'this program', advice: 'choose a smaller batch' };

/** The part of the needed memory that is allocated already. */
interface Begun {
  /** Bytes that the system backs with memory. */
  readonly populated: number;
  /** Bytes that it does not back yet. */
  readonly mapped: number;
}

/**
 * Checks, before anything is allocated, that a device has memory for a program.
 *
 * @param needed bytes of arena and store
 * @throws UsageError, code ERR_MEMORY, if the device cannot allocate them: it names the bytes needed and
 *   available, the limit and the fix
 */
export function checkFits(
  device: Device,
  needed: number,
  fitting: Fitting,
  { populated, mapped }: Begun = { populated: 0, mapped: 0 },
): void {
  const available = Math.max(0, device.availableBytes(mapped)) + populated;
  if (needed + (fitting.others ?? 0) <= available) return;
  const limit = device.limitedBy?.() ?? null;
  const left = `${formatBytes(available)} (${Math.floor(available)} bytes) are available`;
  const text = lackText(needed, fitting, limit ? `${left} under ${limit.name}` : left, limit);
  throw new UsageError(text, { code: 'ERR_MEMORY' });
}

function lackText(
  needed: number,
  { what, advice, others = 0 }: Fitting,
  left: string,
  limit: NamedLimit | null,
): string {
  const more = others > 0 ? `, and the rest of the process ${formatBytes(others)} more,` : '';
  const raise = limit ? `, or ${limit.remedy}` : '';
  return `the plan for ${what} needs ${formatBytes(needed)} (${needed} bytes)${more} but only ${left}: ${advice}${raise}`;
}

/** Bytes to populate between two checks of the available memory. */
const PIECE = 2 ** 28;

/**
 * Allocates memory and makes the system back all of it now, so that no later step can run out of memory.
 *
 * @throws UsageError, code ERR_MEMORY, if memory is insufficient; nothing stays allocated then
 */
export function allocatePopulated(device: Device, bytes: number, fitting: Fitting = PROGRAM): DeviceMemory {
  checkFits(device, bytes, fitting);
  let memory: DeviceMemory | null = null;
  let done = 0;
  try {
    memory = device.allocate(bytes);
    for (; done < bytes && memory.populate; done += PIECE) {
      // Other processes may have taken memory meanwhile, and the system would rather kill one than refuse.
      if (done > 0) checkFits(device, bytes, fitting, { populated: done, mapped: bytes - done });
      memory.populate(done, Math.min(PIECE, bytes - done));
    }
    return memory;
  } catch (error) {
    memory?.discard();
    if (!isRefusal(error)) throw error;
    const text = lackText(bytes, fitting, `${formatBytes(done)} of it could be allocated`, null);
    throw new UsageError(text, { code: 'ERR_MEMORY', cause: error });
  }
}

/** True if the system refused memory. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'OUT_OF_MEMORY';
}
