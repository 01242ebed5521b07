/** `plan --measure-prices`: measures times of instructions on this machine and adds them to a file. */
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
 * Times a step of each configuration, and adds its instructions to the file.
 *
 * @throws before anything is timed: Error if the file cannot be written, and UsageError, code ERR_PRICE_LIST,
 * if it is from another machine
 */
export async function measuredPrices(file: string, questions: readonly Asked[]): Promise<string> {
  await checkWritable(file);
  const device = cpu();
  let list = await opened(file, priceListOf(pricedMachine(device), []));
  const lines: string[] = [];
  for (const { config, batch } of questions) {
    const own = await measurePrices(config, batch, device);
    list = joinedPrices(list, own);
    // After each step, so that it is not lost if the next one does not fit.
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

/** The list in the file, if any, if it can be merged with `own`. */
async function opened(file: string, own: PriceList): Promise<PriceList> {
  if (!existsSync(file)) return own;
  return joinedPrices(priceListIn(await readFile(file, 'utf8'), file), own);
}
