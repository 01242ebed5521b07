import { closeSync, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { decodeOnPool, decodeSmallPng, SMALL_PNG_PIXELS } from './decode.js';
import { ImageError, reasonOf } from './errors.js';
import type { Image } from './image.js';

/** No PNG of SMALL_PNG_PIXELS needs more, unless it carries other things than pixels. */
const SMALL_FILE_BYTES = 64 * 1024;
/**
 * Small reads that take longer on average come from a slow disk or a network: reads then leave this thread for a
 * while. The average runs over about ten reads, so that one during which the thread had to wait for a core does not count.
 */
const SLOW_READ_MS = 1;
const AVERAGE_SHARE = 0.1;
const READS_AFTER_SLOW = 64;

/**
 * Reads and decodes image files in the cheapest way that keeps the event loop free. Small PNGs are read and
 * decoded on the calling thread, which costs less than a trip to libuv's pool and back; everything else goes to
 * the pool. The reader learns from each file what the next is likely to be; that changes the speed, never the pixels.
 */
export class ImageReader {
  private readonly buffer = Buffer.allocUnsafe(SMALL_FILE_BYTES);
  private expectSmall = true;
  private readsElsewhere = 0;
  private averageMs = 0;

  /** @throws ImageError, at once or as a rejection */
  read(path: string): Image | Promise<Image> {
    if (!this.expectSmall || !isPngName(path)) return this.readOnPool(path);
    if (this.readsElsewhere > 0) {
      this.readsElsewhere--;
      return this.readSlowly(path);
    }
    const start = performance.now();
    const size = readStart(path, this.buffer);
    this.noteDuration(performance.now() - start);
    // A full buffer may hold only the start of the file.
    const image = size < SMALL_FILE_BYTES ? decodeSmallPng(this.buffer.subarray(0, size)) : undefined;
    return image ?? this.readOnPool(path);
  }

  private noteDuration(milliseconds: number): void {
    this.averageMs += AVERAGE_SHARE * (milliseconds - this.averageMs);
    if (this.averageMs <= SLOW_READ_MS) return;
    this.readsElsewhere = READS_AFTER_SLOW;
    this.averageMs = 0;
  }

  private async readOnPool(path: string): Promise<Image> {
    const image = await decodeOnPool(path, path);
    this.expectSmall = isPngName(path) && image.width * image.height <= SMALL_PNG_PIXELS;
    return image;
  }

  private async readSlowly(path: string): Promise<Image> {
    const content = await readFile(path).catch((error: unknown) => {
      throw new ImageError(path, reasonOf(error));
    });
    return decodeSmallPng(content) ?? this.readOnPool(path);
  }
}

/** Reads the start of a file into `buffer` and returns the number of bytes. */
function readStart(path: string, buffer: Buffer): number {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    return readSync(file, buffer, 0, buffer.length, 0);
  } catch (error) {
    throw new ImageError(path, reasonOf(error));
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function isPngName(path: string): boolean {
  return path.slice(-4).toLowerCase() === '.png';
}
