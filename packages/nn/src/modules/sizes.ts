import { described, UsageError } from '@inplace-abn/core';

/** @throws UsageError for a size that is not a positive integer */
export function checkSizes(module: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (Number.isInteger(size) && size >= 1) continue;
    throw new UsageError(
      `${module}: expected ${name} to be a positive integer but received ${described(size)}`,
      {
        code: 'ERR_SHAPE',
      },
    );
  }
}

/** Throws UsageError for groups that do not divide a convolution's input and output channels. */
export function checkGroups(module: string, groups: number, inChannels: number, outChannels: number): void {
  if (inChannels % groups === 0 && outChannels % groups === 0) return;
  throw new UsageError(
    `${module}: ${groups} groups do not divide ${inChannels} input and ${outChannels} output channels`,
  );
}
