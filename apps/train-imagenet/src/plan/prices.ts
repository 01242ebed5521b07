/** `plan --measure-prices`: times of instructions on this machine, in a file. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '@inplace-abn/checkpoint';
import { checkWritable } from '@inplace-abn/cli';
import {
  cpu,
  joinedPrices,
  type PriceList,
  priceListIn,
  priceListOf,
  priceListText,
} from '@inplace-abn/core';
import { formatSeconds, measurePrices, pricedMachine } from '@inplace-abn/recipes';
import type { Asked } from './questions.js';

/**
 * Times a step of each configuration, and adds its instructions to the file. Throws before anything is timed
 * where the file cannot be written and, UsageError with code ERR_PRICE_LIST, where it is of another machine.
 */
export async function measuredPrices(file: string, questions: readonly Asked[]): Promise<string> {
  await checkWritable(file);
  const device = cpu();
  let list = await opened(file, priceListOf(pricedMachine(device), []));
  const lines: string[] = [];
  for (const { config, batch } of questions) {
    const own = await measurePrices(config, batch, device);
    list = joinedPrices(list, own);
    // After each, so that none is lost where the next does not fit.
    await writeFileAtomic(file, priceListText(list));
    const { arch, precision } = config.network;
    const seconds = own.entries.reduce((sum, { seconds, count }) => sum + seconds * count, 0);
    const calls = own.entries.reduce((sum, { count }) => sum + count, 0);
    lines.push(
      `${arch}, batch ${batch}, ${precision}: ${calls} instructions of ${own.entries.length} kinds, ${formatSeconds(seconds)} a step`,
    );
  }
  return [...lines, `${file}: ${list.entries.length} kinds of instructions on ${list.machine}`].join('\n');
}

/** The list of the file, if there is one, which `own` could be added to. */
async function opened(file: string, own: PriceList): Promise<PriceList> {
  if (!existsSync(file)) return own;
  return joinedPrices(priceListIn(await readFile(file, 'utf8'), file), own);
}
