import type { Image } from './image/image.js';

/**
 * Decoded images, by the content of their files. Useful only if decoding takes longer than copying, so not
 * for small PNGs.
 */
export interface DecodedCache {
  /** The image of a file's content; undefined if it is not there. */
  get(key: Buffer): Image | undefined;
  /** Whether an image with this many bytes of pixels can be kept. If not, it need not be decoded whole. */
  hasRoom(bytes: number): boolean;
  /** Keeps an image, unless the limit is reached. */
  put(key: Buffer, image: Image): void;
}

/** A cache as plain data, which can be posted to the loader's threads. */
export type CacheSpec =
  | { readonly kind: 'ram'; readonly chunks: readonly SharedArrayBuffer[]; readonly table: SharedArrayBuffer }
  | {
      readonly kind: 'folder';
      readonly path: string;
      readonly limit: number;
      readonly used: SharedArrayBuffer;
    };

/** A cache, and what it holds. */
export interface Cache {
  /** The form that is posted to the loader's threads. */
  readonly spec: CacheSpec;
  /** Bytes it may hold. */
  readonly limit: number;
  /** Its present content. */
  size(): {
    /** Decoded images. */
    readonly images: number;
    /** Bytes that they take. */
    readonly bytes: number;
  };
}

/** Counters of a cache: bytes and images. */
export const BYTES = 0;
export const IMAGES = 1;
export const COUNTERS = 2;

/** Width, height and channels, before the samples. */
export const HEADER = 12;

export function writeHeader(target: Uint8Array, { width, height, channels }: Image): void {
  new Uint32Array(target.buffer, target.byteOffset, 3).set([width, height, channels]);
}

/** The image after a header; undefined if the bytes are not exactly one image. */
export function imageIn(bytes: Uint8Array): Image | undefined {
  if (bytes.length < HEADER) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER);
  const [width, height, channels] = [0, 4, 8].map((at) => view.getUint32(at, LITTLE_ENDIAN));
  if (!width || !height || (channels !== 1 && channels !== 3)) return undefined;
  const data = new Uint8Array(bytes.buffer, bytes.byteOffset + HEADER, bytes.length - HEADER);
  return data.length === width * height * channels ? { data, width, height, channels } : undefined;
}

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
