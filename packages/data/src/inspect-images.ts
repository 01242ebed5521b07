import type { ImageFacts } from './inspect.js';
import type { ImageSource, SegmentationSource } from './loader.js';
import { MAX_PIXELS } from './pixel-limit.js';
import { type LoaderThread, loaderThreads } from './threads.js';

/** Images per message to a thread, and messages in flight per thread. */
const TASK_IMAGES = 8;
const TASKS_AHEAD = 2;

/** Files to inspect, and their label maps where they have some. */
export type InspectedImages = Pick<ImageSource, 'length' | 'path' | 'part'> &
  Partial<Pick<SegmentationSource, 'labelPath' | 'coding'>>;

/** Options of {@link inspectImages}. */
export interface InspectOptions {
  /** Threads that read and decode, shared with the loaders. Default 2. */
  workers?: number;
  /** Images with more pixels are not decoded. Default 2^27. */
  maxPixels?: number;
  /** Returns true to stop early: files in progress are finished, no others are begun. */
  stopped?: () => boolean;
}

/**
 * Reads every file once, with its label map if it has one, and calls `each` with the facts about it, in any
 * order. Keeps nothing in memory.
 *
 * @param images files, or parts of files
 */
export async function inspectImages(
  images: InspectedImages,
  each: (index: number, facts: ImageFacts) => void,
  { workers = 2, maxPixels = MAX_PIXELS, stopped = () => false }: InspectOptions = {},
): Promise<void> {
  let next = 0;
  const feed = async (thread: LoaderThread) => {
    while (next < images.length && !stopped()) {
      const first = next;
      next = Math.min(images.length, first + TASK_IMAGES);
      const files = Array.from({ length: next - first }, (_, i) => ({
        path: images.path(first + i),
        part: images.part?.(first + i),
        labelPath: images.labelPath?.(first + i),
      }));
      const found = await thread.inspect(files, { maxPixels, coding: images.coding });
      for (const [i, facts] of found.entries()) each(first + i, facts);
    }
  };
  const threads = loaderThreads(workers);
  await Promise.all(Array.from({ length: TASKS_AHEAD }, () => threads.map(feed)).flat());
}
