import { described, UsageError } from '@inplace-abn/core';

/** @throws UsageError, code ERR_OPTION_VALUE, unless these options of a loss are missing or from 0 to 1 */
export function checkShares(loss: string, options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || (typeof value === 'number' && value >= 0 && value <= 1)) continue;
    throw new UsageError(
      `${loss}: expected ${name} to be a number from 0 to 1 but received ${described(value)}`,
      {
        code: 'ERR_OPTION_VALUE',
      },
    );
  }
}
