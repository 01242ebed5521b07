import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type HostTensor,
  readStateDict,
  readTorch,
  type TorchValue,
  writeStateDict,
  writeTorch,
} from '../src/index.js';
import { isDict, mapTensors } from '../src/pickle/value.js';
import { readBytes, torchBytes } from './memory-source.js';
import { temporaryFolder } from './temporary-folder.js';
import { anyTensor, comparable, comparableTensor, float32 } from './tensors.js';

const root = await temporaryFolder();

/** Converts tensors to a form that compares bits. */
function comparableValue(value: TorchValue): unknown {
  return mapTensors<HostTensor, object>(value, comparableTensor);
}

const { anyValue } = fc.letrec<{ anyValue: TorchValue }>((tie) => ({
  anyValue: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.double().filter((number) => !Number.isInteger(number) || Number.isSafeInteger(number)),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt().filter((number) => !Number.isSafeInteger(Number(number))),
    fc.string({ unit: 'binary' }),
    anyTensor,
    fc.array(tie('anyValue'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.oneof(fc.string(), fc.maxSafeInteger()), tie('anyValue')), { maxLength: 4 })
      .map((items): TorchValue => new Map(items)),
  ),
}));

describe('writeTorch', () => {
  it('survives a round trip through readTorch', async () => {
    await fc.assert(
      fc.asyncProperty(anyValue, async (value) => {
        expect(comparableValue(await readBytes(await torchBytes(value)))).toEqual(comparableValue(value));
      }),
      { numRuns: 200 },
    );
  });

  it('shares a storage between tensors over one array, but not across dtypes', async () => {
    const path = join(root, 'shared.pth');
    const data = Uint16Array.of(1, 2, 3, 4);
    const value = new Map<string, TorchValue>([
      ['a', { dtype: 'float16', shape: [4], data }],
      ['b', { dtype: 'float16', shape: [2, 2], data }],
      ['c', { dtype: 'bfloat16', shape: [4], data }],
    ]);
    await writeTorch(path, value);
    expect(comparableValue(await readTorch(path))).toEqual(comparableValue(value));
  });

  it('names values that cannot be written', async () => {
    const path = join(root, 'refused.pth');
    const write = (value: TorchValue): Promise<void> => writeTorch(path, new Map([['a', [value]]]));
    await expect(write('\ud800')).rejects.toThrow(
      'Cannot write "a.0": it is or contains a string that is not valid',
    );
    await expect(write(float32([3], [1, 2]))).rejects.toThrow('Tensor "a.0" has the shape [3] (3 elements)');
    await expect(write(2n ** 2048n)).rejects.toThrow('Cannot write "a.0": it is an integer of more than');
    await expect(write(new Map([[1.5, 1]]))).rejects.toThrow('Cannot write "a.0.1.5": it has a key that is');
    let nested: TorchValue = [];
    for (let i = 0; i < 100; i++) nested = [nested];
    await expect(write(nested)).rejects.toThrow('is nested more than 64 deep');
  });
});

describe('writeStateDict', () => {
  const tensors = new Map<string, HostTensor>([
    ['mod1.conv1.weight', float32([2, 1, 1, 1], [1, 2])],
    ['mod1.bn1.num_batches_tracked', { dtype: 'int64', shape: [], data: BigInt64Array.of(3n) }],
  ]);

  it.each([
    ['a.pth.tar', 'torch-zip'],
    ['a.pth', 'torch-zip'],
    ['a.pt', 'torch-zip'],
    ['a.safetensors', 'safetensors'],
  ])('writes %s so that readStateDict returns it', async (name, format) => {
    for (const prefix of ['', 'module.'] as const) {
      const path = join(root, name);
      await writeStateDict(path, tensors, { prefix });
      const read = await readStateDict(path);
      expect(read.format).toBe(format);
      expect(comparable(read.tensors)).toEqual(comparable(tensors));
    }
  });

  it('adds upstream’s keys', async () => {
    const path = join(root, 'rest.pth.tar');
    const rest = new Map<string, TorchValue>([
      ['epoch', 3],
      ['best_prec1', 71.5],
      ['optimizer', new Map([['momentum', float32([1], [1])]])],
    ]);
    await writeStateDict(path, tensors, { prefix: 'module.', rest });
    const raw = await readTorch(path);
    expect(isDict(raw) && [...raw.keys()]).toEqual(['state_dict', 'epoch', 'best_prec1', 'optimizer']);
    expect((await readStateDict(path)).rest).toEqual(rest);
    const light = await readStateDict(path, { weightsOnly: true });
    expect(light.rest.get('optimizer')).toEqual(new Map([['momentum', null]]));
    expect(comparable(light.tensors)).toEqual(comparable(tensors));
  });

  it('rejects an unknown extension, and extra values that the format cannot hold', async () => {
    await expect(writeStateDict(join(root, 'a.bin'), tensors)).rejects.toThrow(
      'the name must end in .pth.tar',
    );
    const rest = new Map([['epoch', 1]]);
    await expect(writeStateDict(join(root, 'a.safetensors'), tensors, { rest })).rejects.toThrow(
      'safetensors hold tensors only, not epoch',
    );
  });

  it('keeps the old file if the new one cannot be written', async () => {
    const path = join(root, 'kept.pth');
    await writeFile(path, 'old');
    const broken = new Map([['a', float32([2], [1])]]);
    await expect(writeStateDict(path, broken)).rejects.toThrow('Tensor "a"');
    await expect(readTorch(path)).rejects.toThrow(`${path} is not a torch.save file.`);
  });
});
