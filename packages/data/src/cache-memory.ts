import { totalmem } from 'node:os';
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
import { DataError } from './errors.js';
import type { Image } from './image/image.js';

const CHUNK = 2 ** 30;
/** Bytes of a key, in front of each image. */
const KEY = 16;
/** Assumed minimum size of an image. If images are smaller, the table fills up before the memory. */
const LEAST_IMAGE = 4096;

/**
 * Makes a cache in memory that the threads of this process share. The system commits its memory only as it
 * fills.
 *
 * @param most maximum bytes; default: a quarter of the memory that the process may use
 * @param sharing processes that divide the limit
 * @throws DataError if the system refuses to reserve that much
 */
export function makeCacheMemory(most = Math.floor(usableMemory() / 4), sharing = 1): Cache {
  const limit = Math.floor(most / sharing);
  try {
    const count = Math.ceil(limit / CHUNK);
    const chunks = Array.from(
      { length: count },
      (_, i) => new SharedArrayBuffer(8 * Math.ceil(Math.min(CHUNK, limit - i * CHUNK) / 8)),
    );
    const slots = 2 ** Math.ceil(Math.log2(Math.max(64, (2 * limit) / LEAST_IMAGE)));
    const table = new SharedArrayBuffer(8 * (COUNTERS + 1 + 2 * slots));
    const counters = new BigInt64Array(table, 0, COUNTERS);
    const size = () => ({ images: Number(counters[IMAGES]), bytes: Number(counters[BYTES]) });
    return { spec: { kind: 'ram', chunks, table }, limit, size };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new DataError(`Cannot reserve ${limit} bytes for the cache of images: choose a lower limit.`);
  }
}

/** Bytes of the machine, or fewer where the process has a limit, as in a container. */
export function usableMemory(): number {
  // Without a limit it is 0, or larger than any memory.
  return Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}

/** Bytes of a cached image, given those of its pixels. */
function bytesFor(pixels: number): number {
  return 8 * Math.ceil((KEY + HEADER + pixels) / 8);
}

/**
 * The cache for one thread: a hash table with open addressing of places in the chunks. A thread claims a slot
 * by writing its key, and writes its place when the image is complete, so others find all of it or nothing.
 */
export class CacheMemory implements DecodedCache {
  private readonly chunks: readonly Uint8Array[];
  private readonly counters: BigInt64Array;
  /** Where the free part begins, over all chunks. */
  private readonly cursor: BigInt64Array;
  private readonly keys: BigInt64Array;
  /** Place of each key's image, plus one; 0 until it is complete. */
  private readonly places: BigInt64Array;

  constructor({ chunks, table }: CacheSpec & { kind: 'ram' }) {
    this.chunks = chunks.map((chunk) => new Uint8Array(chunk));
    this.counters = new BigInt64Array(table, 0, COUNTERS);
    this.cursor = new BigInt64Array(table, 8 * COUNTERS, 1);
    const slots = (table.byteLength / 8 - COUNTERS - 1) / 2;
    this.keys = new BigInt64Array(table, 8 * (COUNTERS + 1), slots);
    this.places = new BigInt64Array(table, 8 * (COUNTERS + 1 + slots), slots);
  }

  get(key: Buffer): Image | undefined {
    const slot = this.slotOf(key, false);
    if (slot === undefined) return undefined;
    const place = Number(Atomics.load(this.places, slot)) - 1;
    if (place < 0) return undefined;
    const chunk = this.chunks[Math.floor(place / CHUNK)];
    const at = place % CHUNK;
    if (!chunk || key.compare(chunk, at, at + KEY, 0, KEY) !== 0) return undefined;
    const [width = 0, height = 0, channels = 0] = new Uint32Array(chunk.buffer, at + KEY, 3);
    return imageIn(chunk.subarray(at + KEY, at + KEY + HEADER + width * height * channels));
  }

  hasRoom(bytes: number): boolean {
    return this.placeFrom(Number(Atomics.load(this.cursor, 0)), bytesFor(bytes)) !== undefined;
  }

  put(key: Buffer, image: Image): void {
    if (!this.hasRoom(image.data.length)) return;
    const slot = this.slotOf(key, true);
    if (slot === undefined) return;
    const bytes = bytesFor(image.data.length);
    const place = this.reserve(bytes);
    if (place === undefined) return;
    const chunk = this.chunks[Math.floor(place / CHUNK)];
    if (!chunk) return;
    const target = chunk.subarray(place % CHUNK, (place % CHUNK) + bytes);
    target.set(key.subarray(0, KEY));
    writeHeader(target.subarray(KEY), image);
    target.set(image.data, KEY + HEADER);
    Atomics.store(this.places, slot, BigInt(place + 1));
    Atomics.add(this.counters, BYTES, BigInt(bytes));
    Atomics.add(this.counters, IMAGES, 1n);
  }

  /** The slot of a key, if any. With `claim`, a new slot for it; undefined if a thread has claimed one. */
  private slotOf(key: Buffer, claim: boolean): number | undefined {
    const { keys } = this;
    const wanted = key.readBigInt64LE(0) || 1n;
    const mask = keys.length - 1;
    let slot = key.readUInt32LE(8) & mask;
    for (let probes = 0; probes < 64; probes++, slot = (slot + 1) & mask) {
      const found = claim ? Atomics.compareExchange(keys, slot, 0n, wanted) : Atomics.load(keys, slot);
      if (found === 0n) return claim ? slot : undefined;
      if (found === wanted) return claim ? undefined : slot;
    }
    return undefined;
  }

  private reserve(bytes: number): number | undefined {
    for (;;) {
      const from = Atomics.load(this.cursor, 0);
      const place = this.placeFrom(Number(from), bytes);
      if (place === undefined) return undefined;
      if (Atomics.compareExchange(this.cursor, 0, from, BigInt(place + bytes)) === from) return place;
    }
  }

  /** The first offset from `from` on at which this many bytes lie in one chunk. */
  private placeFrom(from: number, bytes: number): number | undefined {
    for (let place = from, index = Math.floor(from / CHUNK); ; place = ++index * CHUNK) {
      const chunk = this.chunks[index];
      if (!chunk) return undefined;
      if ((place % CHUNK) + bytes <= chunk.length) return place;
    }
  }
}
