/** The option for a price list that several programs share. */
import { readFileSync } from 'node:fs';
import { priceListIn } from '@inplace-abn/core';
import { Option } from 'commander';

/**
 * `--prices FILE`; its value is the price list. Parsing throws a UsageError with the code ERR_PRICE_LIST for
 * a file that is not a price list, and the error of Node for one that cannot be read.
 */
export function pricesOption(does: string): Option {
  return new Option('--prices <file>', does).argParser((path: string) =>
    priceListIn(readFileSync(path, 'utf8'), path),
  );
}
