/** Averages in checkpoints of PyTorch, under the names of the weights. */
import { join } from 'node:path';
import { readContent, type TorchValue, writeTorch } from '@inplace-abn/checkpoint';
import { expect, it } from 'vitest';
import { newFolder } from '../../../../tools/vitest/new-folder.js';
import { readCheckpoint } from '../../src/weights/checkpoint-file.js';

const weight = (value: number) => ({ dtype: 'float32' as const, shape: [1], data: Float32Array.of(value) });
const dict = (entries: Readonly<Record<string, TorchValue>>) => new Map(Object.entries(entries));

/** Names and values of the averages in a checkpoint with these dictionaries. */
async function averagesIn(dictionaries: Readonly<Record<string, TorchValue>>) {
  const path = join(await newFolder('averages'), 'checkpoint.pth.tar');
  await writeTorch(path, dict({ epoch: 2, optimizer: new Map(), ...dictionaries }));
  const { progress, model } = await readCheckpoint(path, 'best_prec1');
  if (progress.kind !== 'torch') expect.fail(`the checkpoint is read as ${progress.kind}`);
  if (progress.averages === null) return null;
  const averages = await progress.averages();
  expect([...averages.keys()]).toEqual([...model.keys()]);
  const read = [...averages].map(async ([name, tensor]) => [name, await readContent(name, tensor)] as const);
  return Object.fromEntries((await Promise.all(read)).map(([name, { data }]) => [name, Number(data[0])]));
}

it.each([
  ['plain', (a: number, b: number) => dict({ 'conv.weight': weight(a), 'fc.bias': weight(b) })],
  [
    'wrapped',
    (a: number, b: number) => dict({ 'module.conv.weight': weight(a), 'module.fc.bias': weight(b) }),
  ],
  [
    'nested, as of a segmentation',
    (a: number, b: number) => dict({ conv: dict({ weight: weight(a) }), fc: dict({ bias: weight(b) }) }),
  ],
])('are read where names are %s', async (_, dictionary) => {
  const averages = await averagesIn({ state_dict: dictionary(1, 2), state_dict_ema: dictionary(3, 4) });
  expect(averages).toEqual({ 'conv.weight': 3, 'fc.bias': 4 });
});

it('are none where the run kept none', async () => {
  const own = dict({ 'conv.weight': weight(1) });
  expect(await averagesIn({ state_dict: own })).toBeNull();
  expect(await averagesIn({ state_dict: own, state_dict_ema: null })).toBeNull();
  expect(await averagesIn({ state_dict: own, state_dict_ema: new Map() })).toBeNull();
});
