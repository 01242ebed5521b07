import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { priceListIn, priceListText } from '@inplace-abn/core';
import { expect, it, onTestFinished } from 'vitest';
import { configOf } from '../../../../packages/recipes/test/support/runs.js';
import { newFolder } from '../../../../tools/vitest/new-folder.js';
import { measuredPrices } from '../../src/plan/prices.js';

const question = (batch: number) => ({ config: configOf(), batch });

it('adds the instructions of a step only to a list of this machine', async () => {
  const folder = await newFolder('prices');
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'prices.json');
  const read = async () => priceListIn(await readFile(file, 'utf8'), file);
  const text = await measuredPrices(file, [question(2)]);
  expect(text).toMatch(
    /^resnet18, batch 2, float32: \d+ instructions of \d+ kinds, [\d.]+ (s|ms|µs) a step\n.*prices\.json: \d+ kinds of instructions on \d+ threads of /,
  );
  const first = await read();
  await measuredPrices(file, [question(4)]);
  const both = await read();
  expect(both.entries.length).toBeGreaterThan(first.entries.length);
  const keys = new Set(both.entries.map(({ key }) => key));
  expect(first.entries.filter(({ key }) => !keys.has(key))).toEqual([]);
  const other = priceListText({ ...both, machine: 'another' });
  await writeFile(file, other);
  await expect(measuredPrices(file, [question(2)])).rejects.toMatchObject({ code: 'ERR_PRICE_LIST' });
  expect(await readFile(file, 'utf8')).toBe(other);
  // It is the only file in the folder, so no temporary one is left.
  expect(await readdir(folder)).toEqual(['prices.json']);
});

it('times nothing if the list cannot be written', async () => {
  const folder = await newFolder('prices');
  const unmeasured = { ...question(2), batch: Number.NaN };
  await expect(measuredPrices(join(folder, 'none', 'prices.json'), [unmeasured])).rejects.toThrow(
    'is not a writable folder',
  );
  await expect(measuredPrices(folder, [unmeasured])).rejects.toThrow('it is a folder');
});
