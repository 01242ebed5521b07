import { described, UsageError } from '@inplace-abn/core';

/** @throws UsageError for a size that is not a positive integer */
export function checkSizes(module: string, sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (Number.isInteger(size) && size >= 1) continue;
    throw new UsageError(
      `${module}: expected ${name} to be an integer from 1 but received ${described(size)}`,
      {
        code: 'ERR_SHAPE',
      },
    );
  }
}
