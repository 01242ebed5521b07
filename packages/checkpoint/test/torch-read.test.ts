import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  type HostTensor,
  Opaque,
  readStateDict,
  readTorch,
  type TorchValue,
  writeSafetensors,
  writeTorch,
} from '../src/index.js';
import { isDict, isList, isTensor } from '../src/pickle/value.js';
import { encodeZip } from '../src/zip/write.js';
import { readBytes, torchBytes } from './memory-source.js';
import { temporaryFolder } from './temporary-folder.js';
import { comparable, comparableTensor, float32 } from './tensors.js';

const fixtures = fileURLToPath(new URL('fixtures/torch/', import.meta.url));
const root = await temporaryFolder();
const values: Record<string, unknown> = JSON.parse(await readFile(join(fixtures, 'values.json'), 'utf8'));

/** Converts a value to the form used in the fixtures. */
function described(value: TorchValue): unknown {
  if (isDict(value)) return { dict: [...value].map(([key, item]) => [key, described(item)]) };
  if (isList(value)) return value.map(described);
  if (isTensor(value)) {
    const { dtype, shape, bytes } = comparableTensor(value);
    return { dtype, shape, bytes };
  }
  if (typeof value === 'bigint') return { bigint: String(value) };
  return value === Number.POSITIVE_INFINITY ? { float: 'inf' } : value;
}

function at(value: TorchValue, ...path: (string | number)[]): TorchValue {
  return path.reduce<TorchValue>((part, key) => (isDict(part) ? (part.get(key) ?? null) : null), value);
}

async function unpacked(bytes: Uint8Array): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of encodeZip([['a/data.pkl', bytes]])) pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
}

describe('files of PyTorch', () => {
  it.each(Object.keys(values))('reads %s from both containers like PyTorch', async (name) => {
    for (const container of ['zip', 'legacy']) {
      const value = await readTorch(join(fixtures, `${name}.${container}.pth`));
      expect(described(value), container).toEqual(values[name]);
    }
  });

  it('reads protocol 4', async () => {
    expect(described(await readTorch(join(fixtures, 'plain.protocol4.pth')))).toEqual(values.plain);
  });

  it.each([3, 4, 5])('reads a legacy stream of protocol %i', async (protocol) => {
    const value = await readTorch(join(fixtures, `protocol${protocol}.legacy.pth`));
    expect(described(value)).toEqual(described(new Map([['a', float32([2], [1, 1])]])));
  });

  it.each(['zip', 'legacy'])('applies the negative bit of a view (%s)', async (container) => {
    const value = await readTorch(join(fixtures, `negative.${container}.pth`));
    const values = (name: string): number[] => {
      const tensor = at(value, name);
      return isTensor(tensor) ? Array.from<number | bigint, number>(tensor.data, Number) : [];
    };
    for (const name of ['float64', 'float32', 'int64', 'negated']) expect(values(name)).toEqual([-1, -2, -3]);
    expect(values('int8')).toEqual([-1, -2, -128]);
    // Bits of −1, −2 and −3.
    expect(values('float16')).toEqual([0xbc00, 0xc000, 0xc200]);
    expect(values('bfloat16')).toEqual([0xbf80, 0xc000, 0xc040]);
    expect(values('plain')).toEqual([1, 2, 3]);
    expect(values('strided')).toEqual([-0, -3, -1, -4, -2, -5]);
    expect(values('nan')).toEqual([Number.NaN, 0]);
  });

  it('explains what to do about a TorchScript archive', async () => {
    await expect(readTorch(join(fixtures, 'torchscript.pt'))).rejects.toThrow(
      'it is a TorchScript archive, which is code; save its state_dict() with torch.save instead',
    );
  });

  it('returns equal views of a storage as one tensor, and separate memory for others', async () => {
    const value = new Map<string, TorchValue>([['weight', float32([2], [1, 2])]]);
    const tied = new Map([...value, ['tied', at(value, 'weight')]]);
    const read = await readBytes(await torchBytes(tied));
    expect(at(read, 'tied')).toBe(at(read, 'weight'));
    const views = await readTorch(join(fixtures, 'views.zip.pth'));
    const [base, same] = [at(views, 'base'), at(views, 'same')];
    expect(isTensor(base) && isTensor(same) && base.data !== same.data).toBe(true);
  });

  it('rejects a big-endian file in either container', async () => {
    const legacy = await readFile(join(fixtures, 'old.legacy.pth'));
    const flag = legacy.indexOf('little_endian') + 'little_endian'.length + 2;
    expect(legacy[flag]).toBe(0x88);
    legacy[flag] = 0x89;
    await expect(readBytes(legacy)).rejects.toThrow('was written on a big-endian machine');
    const zip = await torchBytes(new Map([['a', 1]]));
    const big = Buffer.from(zip.toString('latin1').replace('little', 'big   '), 'latin1');
    await expect(readBytes(big)).rejects.toThrow('"archive/byteorder" does not match its checksum');
    const pieces: Uint8Array[] = [];
    for await (const piece of encodeZip([
      ['a/data.pkl', Buffer.from('8002' + '4e' + '2e', 'hex')],
      ['a/byteorder', Buffer.from('big')],
    ])) {
      pieces.push(piece);
    }
    await expect(readBytes(Buffer.concat(pieces))).rejects.toThrow('was written on a big-endian machine');
  });

  it('accepts a zip file without checksums', async () => {
    const text = await unpacked(Buffer.from('8002' + '4b07' + '2e', 'hex'));
    const bytes = Buffer.from(text, 'latin1');
    const directory = bytes.indexOf('PK\x01\x02');
    expect(await readBytes(bytes)).toBe(7);
    bytes[directory + 16] = (bytes[directory + 16] ?? 0) ^ 1;
    await expect(readBytes(bytes)).rejects.toThrow('does not match its checksum');
    bytes.writeUInt32LE(0, directory + 16);
    expect(await readBytes(bytes)).toBe(7);
  });
});

describe('readStateDict', () => {
  const names = (tensors: ReadonlyMap<string, HostTensor>): string[] => [...tensors.keys()];

  it('finds the dictionary, strips module. and keeps the rest', async () => {
    for (const container of ['zip', 'legacy'] as const) {
      const path = join(fixtures, `sgd.${container}.pth`);
      const { format, tensors, rest } = await readStateDict(path);
      expect(format).toBe(`torch-${container}`);
      expect(names(tensors).slice(0, 3)).toEqual(['conv1.weight', 'bn1.weight', 'bn1.bias']);
      expect([...rest.keys()]).toEqual(['epoch', 'arch', 'best_prec1', 'optimizer']);
      expect(rest.get('epoch')).toBe(3);
    }
  });

  it.each(['zip', 'legacy', 'protocol5', 'numpy2'])(
    'reads weights next to foreign objects (%s)',
    async (container) => {
      const { tensors, rest } = await readStateDict(join(fixtures, `foreign.${container}.pth`));
      expect(comparable(tensors)).toEqual(
        comparable(
          new Map([
            ['weight', float32([2], [1, 2])],
            ['bias', float32([1], [3])],
          ]),
        ),
      );
      expect([rest.get('epoch'), rest.get('best_prec1'), rest.get('yes')]).toEqual([3, 71.25, true]);
      const args = rest.get('args');
      expect(args).toBeInstanceOf(Opaque);
      await expect(writeTorch(join(root, 'again.pth'), new Map([['args', args ?? null]]))).rejects.toThrow(
        'Cannot write "args": it is the Python object argparse.Namespace.',
      );
    },
  );

  it.each<[string, string[], string[], string[]]>([
    ['module.', ['module.a', 'module.b'], ['a', 'b'], ['module.']],
    ['module.module.', ['module.module.a', 'module.module.b'], ['a', 'b'], ['module.module.']],
    ['_orig_mod.', ['_orig_mod.a', '_orig_mod.b'], ['a', 'b'], ['_orig_mod.']],
    ['both', ['module._orig_mod.a', 'module._orig_mod.b'], ['a', 'b'], ['_orig_mod.', 'module.']],
    ['_orig_mod. within', ['body._orig_mod.a', 'b'], ['body.a', 'b'], ['_orig_mod. (1 of 2 names)']],
    ['model.', ['model.a', 'model.b'], ['a', 'b'], ['model.']],
    ['model.module.', ['model.module.a', 'model.module.b'], ['a', 'b'], ['model.module.']],
    ['partly module.', ['module.a', 'b'], ['a', 'b'], ['module. (1 of 2 names)']],
    ['partly model., which may be a name', ['model.a', 'b'], ['model.a', 'b'], []],
    ['nothing', ['modules.a', 'remodel.b'], ['modules.a', 'remodel.b'], []],
  ])('removes and reports wrapper prefixes: %s', async (_, found, plain, removed) => {
    const tensors = new Map(found.map((name) => [name, float32([1], [1])]));
    const [torch, safe] = [join(root, 'prefixed.pth'), join(root, 'prefixed.safetensors')];
    await writeTorch(torch, tensors);
    await writeSafetensors(safe, tensors);
    for (const path of [torch, safe]) {
      const read = await readStateDict(path);
      expect([...read.tensors.keys()].sort()).toEqual([...plain].sort());
      expect(read.prefixes).toEqual(removed);
    }
  });

  it('accepts a bare dictionary and joins nested ones by dots', async () => {
    const bare = await readStateDict(join(fixtures, 'old.legacy.pth'));
    expect(names(bare.tensors)).toEqual([
      'conv1.weight',
      'bn1.weight',
      'bn1.bias',
      'bn1.running_mean',
      'bn1.running_var',
      'fc.weight',
      'fc.bias',
    ]);
    expect(bare.rest.size).toBe(0);
    const { tensors } = await readStateDict(join(fixtures, 'parts.zip.pth'));
    expect(names(tensors)).toContain('body.bn1.running_mean');
    expect(names(tensors)).toContain('head.weight');
    expect(names(tensors).slice(-2)).toEqual(['cls.weight', 'cls.bias']);
  });

  it('reads safetensors too, whatever the file name', async () => {
    const path = join(root, 'a.pth');
    const tensors = new Map([['module.x', float32([1], [2])]]);
    await writeSafetensors(path, tensors, { metadata: { note: 'n' } });
    const read = await readStateDict(path);
    expect(read.format).toBe('safetensors');
    expect(comparable(read.tensors)).toEqual(comparable(new Map([['x', float32([1], [2])]])));
    expect(read.rest).toEqual(new Map([['note', 'n']]));
  });

  const dict = (entries: Record<string, TorchValue>): TorchValue => new Map(Object.entries(entries));
  const one = float32([1], [1]);
  it.each<[string, TorchValue, string]>([
    ['a list', [one], 'does not hold a dictionary, so it has no state dictionary'],
    ['other keys', dict({ epoch: 1, net: one }), 'it has no "state_dict"; its keys are "epoch", "net"'],
    ['nothing', dict({ state_dict: dict({}) }), 'holds an empty state dictionary'],
    ['a number', dict({ state_dict: dict({ a: one, b: 3 }) }), '"b" of the state dictionary is not a tensor'],
    ['twice', dict({ a: dict({ b: one }), 'a.b': one }), 'the state dictionary has two tensors "a.b"'],
    ['a name twice', dict({ 'module.a': one, a: one }), 'the state dictionary has two tensors "a"'],
  ])('explains what is wrong with a file of %s', async (name, value, message) => {
    const path = join(root, `${name}.pth`);
    await writeFile(path, await torchBytes(value));
    await expect(readStateDict(path)).rejects.toThrow(message);
    await expect(readStateDict(path)).rejects.toThrow(path);
  });

  it.each([
    ['empty', Buffer.alloc(0), 'is empty.'],
    ['short', Buffer.from('ab'), 'is not a checkpoint: neither'],
    ['page', Buffer.from('<!DOCTYPE html><html>'), 'it is a web page, so the download went wrong'],
    ['lfs', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), 'it is a Git LFS pointer'],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), 'it is compressed with gzip'],
    ['pickle', Buffer.from([0x80, 2, 0x4e, 0x2e]), 'it is a pickle, but not from torch.save'],
    [
      'tar',
      Buffer.concat([Buffer.alloc(257), Buffer.from('ustar'), Buffer.alloc(300)]),
      'it is a tar archive',
    ],
    [
      'zip',
      Buffer.from('PK\x03\x04'),
      'it has no directory at its end, so it is truncated or not a zip file',
    ],
  ])('recognizes files that are not checkpoints: %s', async (name, bytes, message) => {
    const path = join(root, name);
    await writeFile(path, bytes);
    await expect(readStateDict(path)).rejects.toThrow(message);
    await expect(readStateDict(path)).rejects.toThrow(path);
  });

  it('names a missing file or a folder', async () => {
    const absent = join(root, 'absent.pth');
    await expect(readStateDict(absent)).rejects.toThrow(`Cannot read ${absent}: there is no such file.`);
    const folder = join(root, 'folder');
    await mkdir(folder);
    await expect(readStateDict(folder)).rejects.toThrow(`Cannot read ${folder}: it is a folder; name a file`);
  });
});
