// @ts-check
// Folders of small images that all differ, in any number.
import { mkdir, mkdtemp, open, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';

/** Images per folder or shard. */
export const TOGETHER = 1000;
/** Distinct pictures; a JPEG comment tells their copies apart. */
const DRAWN = 64;

/**
 * The content of image `index`: a JPEG of noise with the index in a comment, so that no two files are equal.
 * @param {number} side
 */
export async function imageMaker(side) {
  const drawn = await Promise.all(
    Array.from({ length: DRAWN }, (_, seed) => {
      const data = Uint8Array.from(
        { length: side * side * 3 },
        (_, i) => (i * (seed + 3) + (i >> 4) * 29) % 256,
      );
      return sharp(data, { raw: { width: side, height: side, channels: 3 } })
        .jpeg()
        .toBuffer();
    }),
  );
  return (/** @type {number} */ index) => {
    const jpeg = drawn[index % DRAWN] ?? Buffer.alloc(0);
    const comment = Buffer.from([0xff, 0xfe, 0, 6, 0, 0, 0, 0]);
    comment.writeUInt32BE(index, 4);
    return Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2)]);
  };
}

/** A folder that the caller removes. */
export function temporaryFolder() {
  return mkdtemp(join(tmpdir(), 'iabn-generated-'));
}

/**
 * Writes images as files into the classes `root`/0000, `root`/0001, …, `together` in each.
 * @param {string} root
 * @param {number} count
 * @param {(index: number) => Buffer} imageOf
 */
export async function writeFiles(root, count, imageOf, together = TOGETHER) {
  for (let first = 0; first < count; first += together) {
    const folder = join(root, String(first / together).padStart(4, '0'));
    await mkdir(folder, { recursive: true });
    const indices = Array.from({ length: Math.min(together, count - first) }, (_, i) => first + i);
    await Promise.all(indices.map((index) => writeFile(join(folder, `${index}.jpg`), imageOf(index))));
  }
}

/**
 * Writes the same images as tar shards, with their classes.
 * @param {string} root
 * @param {number} count
 * @param {(index: number) => Buffer} imageOf
 */
export async function writeShards(root, count, imageOf) {
  await mkdir(root, { recursive: true });
  for (let first = 0; first < count; first += TOGETHER) {
    const shard = first / TOGETHER;
    const file = await open(join(root, `shard-${String(shard).padStart(6, '0')}.tar`), 'w');
    for (let index = first; index < Math.min(count, first + TOGETHER); index++) {
      await file.write(member(`${index}.jpg`, imageOf(index)));
      await file.write(member(`${index}.cls`, Buffer.from(String(shard))));
    }
    await file.write(Buffer.alloc(1024));
    await file.close();
  }
}

/**
 * A file of a tar archive: its header and its data, padded to whole blocks.
 * @param {string} name
 * @param {Buffer} data
 */
function member(name, data) {
  const header = Buffer.alloc(512);
  header.write(name);
  header.write('0000644\0', 100);
  header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  header.fill(' ', 148, 156);
  const sum = header.reduce((a, b) => a + b, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}

/**
 * Loads an epoch; resolves to images/s.
 * @param {import('@inplace-abn/data').Loader} loader
 * @param {number} epoch
 */
export async function rateOf(loader, epoch) {
  const start = performance.now();
  let loaded = 0;
  for await (const batch of loader.epoch(epoch)) {
    loaded += batch.size;
    batch.release();
  }
  return (1000 * loaded) / (performance.now() - start);
}
