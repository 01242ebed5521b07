// Truncated, corrupted and made-up files always cause a CheckpointError, never a crash, a hang or a partial
// result.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CheckpointError, TorchFile, type TorchValue } from '../src/index.js';
import { OPCODES } from '../src/pickle/opcodes.js';
import { tensorsIn } from '../src/pickle/value.js';
import { memorySource, readBytes, torchBytes } from './memory-source.js';
import { inLegacy, int, inZip, ops, pickle, tensor, text } from './pickles.js';
import { PATIENCE } from './temporary-folder.js';
import { comparable, float32 } from './tensors.js';

const fixtures = fileURLToPath(new URL('fixtures/torch/', import.meta.url));
/** Small, because the tests change every byte. */
const zip = await torchBytes(
  new Map<string, TorchValue>([
    ['state_dict', new Map([['a.weight', float32([2, 3], [1, 2, 3, 4, 5, 6])]])],
    ['epoch', 3],
  ]),
);
const legacy = await readFile(join(fixtures, 'old.legacy.pth'));

/** The value that was read, or undefined if it was properly rejected. */
async function readOrRefuse(bytes: Uint8Array): Promise<TorchValue | undefined> {
  try {
    return await readBytes(bytes);
  } catch (error) {
    if (error instanceof CheckpointError) return undefined;
    throw error;
  }
}

function tensorsOf(value: TorchValue): unknown[] {
  return comparable(new Map([...tensorsIn(value)].map((item, index) => [String(index), item])));
}

describe('truncated files', PATIENCE, () => {
  it.each([
    ['zip', zip],
    ['legacy', legacy],
  ])('are rejected at every length: %s', async (_, bytes) => {
    for (let length = 0; length < bytes.byteLength; length++) {
      const value = await readOrRefuse(bytes.subarray(0, length));
      expect(value, `${length} bytes`).toBeUndefined();
    }
    expect(await readOrRefuse(bytes)).toBeDefined();
  });

  it('that shrink while being read are rejected', async () => {
    const whole = memorySource(zip);
    const shrinking = {
      ...whole,
      read: (bytes: Uint8Array, position: number) =>
        whole.read(bytes.subarray(0, bytes.byteLength >> 1), position),
    };
    await expect(TorchFile.over(shrinking)).rejects.toThrow(CheckpointError);
  });
});

describe('flipped bits', PATIENCE, () => {
  it('never change a tensor of a zip file, which has checksums', async () => {
    const good = tensorsOf(await readBytes(zip));
    for (let index = 0; index < zip.byteLength; index++) {
      const damaged = Buffer.from(zip);
      damaged[index] = (damaged[index] ?? 0) ^ (1 << (index % 8));
      const value = await readOrRefuse(damaged);
      // Padding, dates and folder names carry no information.
      if (value !== undefined) expect(tensorsOf(value), `byte ${index}`).toEqual(good);
    }
  });

  it('give another value or an error in a legacy stream', async () => {
    for (let index = 0; index < legacy.byteLength; index++) {
      const damaged = Buffer.from(legacy);
      damaged[index] = (damaged[index] ?? 0) ^ (1 << (index % 8));
      await readOrRefuse(damaged);
    }
  });
});

describe('made-up programs', PATIENCE, () => {
  const byte = fc.constantFrom(...Object.values(OPCODES)).map((code) => Buffer.from([code]));
  const operand = fc.oneof(
    fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
    fc.string({ maxLength: 4 }).map(text),
    fc.integer().map(int),
    fc.constantFrom(
      tensor(),
      tensor({ shape: [2, 2], strides: [1, 2] }),
      ops('EMPTY_LIST'),
      ops('EMPTY_DICT'),
      ops('BINPUT', Buffer.from([0])),
      ops('BINGET', Buffer.from([0])),
    ),
  );
  const program = fc.array(fc.oneof(byte, operand), { maxLength: 40 }).map((parts) => pickle(...parts));

  it('end with a value or an error', async () => {
    await fc.assert(
      fc.asyncProperty(program, async (bytes) => {
        await readOrRefuse(await inZip(bytes));
        await readOrRefuse(inLegacy(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('of arbitrary bytes end too, in any container', async () => {
    const start = fc.constantFrom(zip.subarray(0, 64), legacy.subarray(0, 14), Buffer.from('PK\x03\x04'));
    const end = fc.constantFrom(zip.subarray(-98), Buffer.alloc(0));
    const any = fc.tuple(start, fc.uint8Array({ maxLength: 300 }), end);
    await fc.assert(
      fc.asyncProperty(any, async (parts) => {
        await readOrRefuse(Buffer.concat(parts));
      }),
      { numRuns: 500 },
    );
  });
});
