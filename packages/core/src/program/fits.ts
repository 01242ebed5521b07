import { formatBytes } from '@inplace-abn/tensor';
import type { Device } from '../devices/device.js';
import { UsageError } from '../errors.js';

/** Describes a plan, for the error thrown when it does not fit in memory. */
export interface Fitting {
  /** Such as `batch 64 at 224×224`. */
  readonly what: string;
  /** Such as `choose a smaller batch`. */
  readonly advice: string;
}

/** Throws UsageError, code ERR_MEMORY, if the device cannot allocate `needed` more bytes. */
export function checkFits(device: Device, needed: number, { what, advice }: Fitting): void {
  const available = device.availableBytes();
  if (needed <= available) return;
  throw new UsageError(
    `the plan for ${what} needs ${formatBytes(needed)} (${needed} bytes) but only ` +
      `${formatBytes(available)} (${Math.floor(available)} bytes) are available: ${advice}`,
    { code: 'ERR_MEMORY' },
  );
}
