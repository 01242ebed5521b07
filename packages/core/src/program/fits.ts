import { formatBytes } from '@inplace-abn/tensor';
import type { Device } from '../devices/device.js';
import { UsageError } from '../errors.js';

/** A plan in words, for the error that says that it does not fit. */
export interface Fitting {
  /** As `batch 64 at 224×224`. */
  readonly what: string;
  /** As `choose a smaller batch`. */
  readonly advice: string;
}

/** Throws UsageError, code ERR_MEMORY, where the device cannot hold `needed` bytes more. */
export function checkFits(device: Device, needed: number, { what, advice }: Fitting): void {
  const available = device.availableBytes();
  if (needed <= available) return;
  throw new UsageError(
    `the plan for ${what} needs ${formatBytes(needed)} (${needed} bytes) but only ` +
      `${formatBytes(available)} (${Math.floor(available)} bytes) are available: ${advice}`,
    { code: 'ERR_MEMORY' },
  );
}
