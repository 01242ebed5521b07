import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { sharpVersion } from './decode.js';
import {
  BYTES,
  type Cache,
  type CacheSpec,
  COUNTERS,
  type DecodedCache,
  HEADER,
  IMAGES,
  imageIn,
  writeHeader,
} from './decoded-cache.js';
import { DataError, reasonOf } from './errors.js';
import type { Image } from './image/image.js';

/** Increase when our decoders change pixels: files of other versions, or of another sharp, are not read. */
const VERSION = 'v1';
const ENDING = '.rgb';
/** A file that is being written, or that a killed run left. */
const PARTIAL = /\.rgb\.\d+-\d+-\d+$/;
const HOUR = 3_600_000;

/**
 * Opens a folder of decoded images that several processes, and later runs, may share. A file is written under
 * another name and then renamed, so it is always complete. Each version of sharp has its own folder in
 * `path`.
 *
 * @param limit maximum bytes in the folder; default: its present size plus half of the free space
 * @param sharing processes that write at the same time; each may fill an equal part of the remaining space
 * @throws DataError if the folder cannot be created or read
 */
export async function openCacheFolder(path: string, limit?: number, sharing = 1): Promise<Cache> {
  const folder = join(path, `${VERSION}-sharp-${await sharpVersion()}`);
  try {
    await mkdir(folder, { recursive: true });
    const found = await sizeOf(folder);
    const { bavail, bsize } = await statfs(folder);
    const most = limit ?? found.bytes + (bavail * bsize) / 2;
    const used = new SharedArrayBuffer(8 * COUNTERS);
    const counters = new BigInt64Array(used);
    counters.set([BigInt(found.bytes), BigInt(found.images)]);
    const own = Math.floor(found.bytes + Math.max(0, most - found.bytes) / sharing);
    return {
      spec: { kind: 'folder', path: folder, limit: own, used },
      limit: most,
      size: () => ({ images: Number(counters[IMAGES]), bytes: Number(counters[BYTES]) }),
    };
  } catch (error) {
    throw new DataError(`Cannot use the folder ${path} as a cache: ${reasonOf(error)}.`);
  }
}

async function sizeOf(folder: string): Promise<{ images: number; bytes: number }> {
  let [images, bytes] = [0, 0];
  for (const inside of await readdir(folder, { withFileTypes: true })) {
    // Files such as .DS_Store come from outside.
    if (!inside.isDirectory()) continue;
    for (const name of await readdir(join(folder, inside.name))) {
      const path = join(folder, inside.name, name);
      if (PARTIAL.test(name)) await removeOld(path);
      if (!name.endsWith(ENDING)) continue;
      images++;
      bytes += (await stat(path).catch(() => ({ size: 0 }))).size;
    }
  }
  return { images, bytes };
}

/** Removes a partial file that no run writes any more. Another process may do so at the same time. */
async function removeOld(path: string): Promise<void> {
  try {
    if (Date.now() - (await stat(path)).mtimeMs > HOUR) await rm(path, { force: true });
  } catch {
    // The file costs space, nothing else.
  }
}

/** The cache for one thread. */
export class CacheFolder implements DecodedCache {
  private readonly counters: BigInt64Array;
  private written = 0;

  constructor(private readonly spec: CacheSpec & { kind: 'folder' }) {
    this.counters = new BigInt64Array(spec.used);
  }

  get(key: Buffer): Image | undefined {
    try {
      return imageIn(readFileSync(this.fileOf(key)));
    } catch {
      return undefined;
    }
  }

  hasRoom(bytes: number): boolean {
    return Atomics.load(this.counters, BYTES) + BigInt(HEADER + bytes) <= BigInt(this.spec.limit);
  }

  put(key: Buffer, image: Image): void {
    const bytes = HEADER + image.data.length;
    if (Atomics.add(this.counters, BYTES, BigInt(bytes)) + BigInt(bytes) > BigInt(this.spec.limit)) {
      Atomics.sub(this.counters, BYTES, BigInt(bytes));
      return;
    }
    const content = new Uint8Array(bytes);
    writeHeader(content, image);
    content.set(image.data, HEADER);
    const path = this.fileOf(key);
    const partial = `${path}.${process.pid}-${threadId}-${this.written++}`;
    try {
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(partial, content);
      renameSync(partial, path);
      Atomics.add(this.counters, IMAGES, 1n);
    } catch {
      // A full disk ends the caching, not the run.
      Atomics.sub(this.counters, BYTES, BigInt(bytes));
      removeQuietly(partial);
    }
  }

  private fileOf(key: Buffer): string {
    const name = key.toString('hex');
    return join(this.spec.path, name.slice(0, 2), `${name.slice(2)}${ENDING}`);
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A later run removes it.
  }
}
