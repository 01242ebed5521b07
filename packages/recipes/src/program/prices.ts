/** The option about measured times of instructions that several programs have. */
import { readFileSync } from 'node:fs';
import { priceListIn } from '@inplace-abn/core';
import { Option } from 'commander';

/**
 * `--prices FILE`; its value is the price list.
 *
 * @throws UsageError, code ERR_PRICE_LIST, for another file
 */
export function pricesOption(does: string): Option {
  return new Option('--prices <file>', does).argParser((path: string) =>
    priceListIn(readFileSync(path, 'utf8'), path),
  );
}
