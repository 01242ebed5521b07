import { type Device, formatBytes, UsageError } from '@inplace-abn/core';

/** Throws UsageError, ending with `advice`, where the device cannot hold the `needed` bytes of the plan for `what`. */
export function checkFits(device: Device, needed: number, what: string, advice: string): void {
  const available = device.availableBytes();
  if (needed <= available) return;
  throw new UsageError(
    `the plan for ${what} needs ${formatBytes(needed)} (${needed} bytes) but only ` +
      `${formatBytes(available)} (${Math.floor(available)} bytes) are available: ${advice}`,
  );
}
