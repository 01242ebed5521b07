import { type Device, formatBytes, UsageError } from '@inplace-abn/core';
import type { BatchShape } from '../step/images.js';

/** Throws UsageError, ending with `advice`, where the device cannot hold `needed` bytes. */
export function checkFits(device: Device, needed: number, { batch, crop }: BatchShape, advice: string): void {
  const available = device.availableBytes();
  if (needed <= available) return;
  throw new UsageError(
    `the plan for batch ${batch} at ${crop}×${crop} needs ${formatBytes(needed)} (${needed} bytes) but only ` +
      `${formatBytes(available)} (${Math.floor(available)} bytes) are available: ${advice}`,
  );
}
