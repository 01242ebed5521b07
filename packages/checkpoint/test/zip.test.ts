import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentOf, readZipDirectory } from '../src/zip/directory.js';
import { encodeZip, type ZipContent } from '../src/zip/write.js';
import { memorySource } from './memory-source.js';

async function zipOf(contents: Iterable<ZipContent>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of encodeZip(contents)) pieces.push(Uint8Array.from(piece));
  return Buffer.concat(pieces);
}

const two: readonly ZipContent[] = [
  ['a/one', Buffer.from('first')],
  ['a/two', Buffer.from('second')],
];

/** Offset of the central directory's entry for the second of `two`. */
function secondEntry(bytes: Buffer): number {
  return bytes.indexOf('PK\x01\x02', bytes.indexOf('PK\x01\x02') + 1);
}

describe('encodeZip', () => {
  it('survives a round trip, aligned to 64 bytes', async () => {
    const anyContents = fc.uniqueArray(
      fc.tuple(fc.string({ unit: 'grapheme', minLength: 1 }), fc.uint8Array({ maxLength: 200 })),
      { selector: ([name]) => Buffer.from(name).toString(), maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(anyContents, async (contents) => {
        const bytes = await zipOf(contents);
        const source = memorySource(bytes);
        const directory = await readZipDirectory(source);
        expect([...directory.keys()]).toEqual(contents.map(([name]) => name));
        for (const [name, content] of contents) {
          const entry = directory.get(name);
          const start = entry ? await contentOf(source, entry) : Number.NaN;
          expect(start % 64).toBe(0);
          expect(bytes.subarray(start, start + content.byteLength)).toEqual(Buffer.from(content));
        }
      }),
    );
  });

  it('uses 64-bit fields from 4 GiB on', async () => {
    // Only the length of this content is used; it is never read.
    const huge = Object.defineProperty(new Uint8Array(0), 'byteLength', { value: 2 ** 32 + 5 });
    const pieces: Buffer[] = [];
    let total = 0;
    for await (const piece of encodeZip([
      ['a/data/0', withoutChecksum(huge)],
      ['a/version', Buffer.from('3\n')],
    ])) {
      if (piece.byteLength < 2 ** 32) pieces.push(Buffer.from(piece));
      total += piece.byteLength;
    }
    const head = pieces[0]?.byteLength ?? 0;
    const tail = Buffer.concat(pieces.slice(1));
    const first = pieces[0] ?? Buffer.alloc(0);
    const source = {
      path: 'huge.pth',
      size: total,
      close: async () => undefined,
      read: async (bytes: Uint8Array, position: number) => {
        const part =
          position < head ? first.subarray(position) : tail.subarray(position - head - (2 ** 32 + 5));
        bytes.set(part.subarray(0, bytes.byteLength));
        return Math.min(part.byteLength, bytes.byteLength);
      },
    };
    const directory = await readZipDirectory(source);
    const entry = directory.get('a/data/0');
    expect(entry?.size).toBe(2 ** 32 + 5);
    expect(entry && (await contentOf(source, entry))).toBe(head);
    const version = directory.get('a/version');
    expect(version?.header).toBe(head + 2 ** 32 + 5);
    expect(version && (await contentOf(source, version)) % 64).toBe(0);
  });
});

/** Content whose slices are empty, so that its checksum costs nothing. */
function withoutChecksum(content: Uint8Array): Uint8Array {
  return Object.defineProperty(content, 'subarray', { value: () => new Uint8Array(0) });
}

describe('readZipDirectory', () => {
  const refused = async (bytes: Buffer, message: string): Promise<void> => {
    await expect(readZipDirectory(memorySource(bytes))).rejects.toThrow(message);
  };

  it('rejects compressed and encrypted entries', async () => {
    const bytes = await zipOf(two);
    bytes.writeUInt16LE(8, secondEntry(bytes) + 10);
    // The others are still readable.
    const source = memorySource(bytes);
    const [one, second] = (await readZipDirectory(source)).values();
    if (!one || !second) throw new Error('expected two entries');
    await expect(contentOf(source, one)).resolves.toBeGreaterThan(0);
    await expect(contentOf(source, second)).rejects.toThrow(
      'its entry "a/two" is compressed; PyTorch stores entries uncompressed',
    );
    bytes.writeUInt16LE(1, secondEntry(bytes) + 8);
    await refused(bytes, 'its entry "a/two" is encrypted');
  });

  it('rejects two entries of the same name', async () => {
    await refused(await zipOf([...two, ['a/one', Buffer.alloc(1)]]), 'it has two entries "a/one"');
  });

  it('rejects entries that overlap each other or the directory', async () => {
    const bytes = await zipOf(two);
    const entry = secondEntry(bytes);
    const overlapping = Buffer.from(bytes);
    overlapping.writeUInt32LE(8, entry + 42);
    await refused(overlapping, 'its entry "a/one" overlaps the next');
    for (const field of [20, 24]) bytes.writeUInt32LE(5000, entry + field);
    await refused(bytes, 'its entry "a/two" does not lie before the directory');
  });

  it('rejects different sizes, as in a compressed entry', async () => {
    const bytes = await zipOf(two);
    bytes.writeUInt32LE(2, secondEntry(bytes) + 20);
    await refused(bytes, 'does not lie before the directory');
  });

  it('rejects a directory that is longer or shorter than it claims', async () => {
    const bytes = await zipOf(two);
    const end64 = bytes.indexOf('PK\x06\x06');
    const more = Buffer.from(bytes);
    more.writeBigUInt64LE(3n, end64 + 32);
    await refused(more, 'its directory is damaged');
    const enormous = Buffer.from(bytes);
    enormous.writeBigUInt64LE(2n ** 63n, end64 + 32);
    await refused(enormous, 'its directory is too large');
    const elsewhere = Buffer.from(bytes);
    elsewhere.writeBigUInt64LE(2n ** 62n, end64 + 48);
    await refused(elsewhere, 'it is truncated or damaged');
  });

  it('finds the directory before a comment, not inside one', async () => {
    const bytes = await zipOf(two);
    const comment = Buffer.from('PK\x05\x06 is how a directory ends');
    const commented = Buffer.concat([bytes, comment]);
    commented.writeUInt16LE(comment.byteLength, bytes.byteLength - 2);
    expect((await readZipDirectory(memorySource(commented))).size).toBe(2);
  });

  it('compares a local header with the directory', async () => {
    const bytes = await zipOf(two);
    const entry = (await readZipDirectory(memorySource(bytes))).get('a/two');
    if (!entry) throw new Error('no entry');
    const changes: readonly (readonly [at: number, value: number])[] = [
      [0, 0],
      [8, 8],
      [26, 1],
      [30, 0x62],
      [29, 0xff],
    ];
    for (const [at, value] of changes) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(value, entry.header + at);
      await expect(contentOf(memorySource(damaged), entry)).rejects.toThrow(
        'the header of its entry "a/two" does not match the directory',
      );
    }
  });
});
