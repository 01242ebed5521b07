/** Host memory of loaders: the ring, which they allocate once, and an upper bound for their threads. */
import { MAX_PIXELS } from './pixel-limit.js';

/** Sizes of a loader, as its options give them. */
export interface LoaderShape {
  /** Images of a batch that this process loads. */
  readonly rows: number;
  /** Width of an image after the transform, in pixels. */
  readonly width: number;
  /** Height of an image after the transform, in pixels. */
  readonly height: number;
  /** Batches in memory; default as {@link LoaderOptions}, 3. */
  readonly slots?: number;
  /** Whether images have label maps. */
  readonly segmentation?: boolean;
  /** Number of classes if images may have any number of them; default 0: each image has one label. */
  readonly labelSets?: number;
}

/** Batches in memory, including those that the consumer holds. */
export const SLOTS = 3;

/**
 * Bytes of one image in a ring: pixels, 12 float32 of color, label, index; with a label map also class ids
 * and a count.
 */
function rowBytes({ width, height, segmentation = false, labelSets = 0 }: LoaderShape): number {
  const pixels = width * height;
  return 3 * pixels + 48 + 8 + labelSets + (segmentation ? pixels + 4 : 0);
}

/** Bytes of a loader's ring, which is allocated once: batches in memory × images × bytes of an image. */
export function ringBytes(shape: LoaderShape): number {
  return (shape.slots ?? SLOTS) * shape.rows * rowBytes(shape);
}

/** Bytes of a thread: JavaScript heap and stack, and kernels with buffers for images of up to a megapixel. */
const THREAD_BYTES = 14 * 2 ** 20;
/**
 * Bytes for each pixel of the largest image while a thread decodes and resamples it: the file twice (at most
 * 3 each, as photographs are), the color planes 3, RGB 3 and its copy 3.
 */
const PIXEL_BYTES = 15;

/**
 * Bytes of the threads that read images: each decodes one image at a time.
 *
 * @param workers number of threads
 * @param maxPixels the loader's limit; default 2^27
 */
export function threadBytes(
  workers: number,
  maxPixels: number = MAX_PIXELS,
): {
  /** Usual for images of up to a megapixel. */
  readonly bytes: number;
  /** Upper bound: threads × (heap + 15 bytes × pixels of the largest image). */
  readonly most: number;
} {
  return { bytes: workers * THREAD_BYTES, most: workers * (THREAD_BYTES + PIXEL_BYTES * maxPixels) };
}
