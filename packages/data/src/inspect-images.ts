import type { ImageFacts } from './inspect.js';
import { MAX_PIXELS } from './pixel-limit.js';
import { type LoaderThread, loaderThreads } from './threads.js';

/** Images of a message to a thread, and messages in flight for each. */
const TASK_IMAGES = 8;
const TASKS_AHEAD = 2;

/** Options of {@link inspectImages}. */
export interface InspectOptions {
  /** Threads that read and decode, those of the loaders. Default 2. */
  workers?: number;
  /** Images with more pixels are not decoded. Default 2^27. */
  maxPixels?: number;
  /** Ends the reading: files in work are finished, and no others are begun. */
  stopped?: () => boolean;
}

/**
 * Reads every file once and calls `each` with what it holds, in any order. Keeps nothing.
 *
 * @param path file at an index from 0 to length − 1
 */
export async function inspectImages(
  { length, path }: { readonly length: number; path(index: number): string },
  each: (index: number, facts: ImageFacts) => void,
  { workers = 2, maxPixels = MAX_PIXELS, stopped = () => false }: InspectOptions = {},
): Promise<void> {
  let next = 0;
  const feed = async (thread: LoaderThread) => {
    while (next < length && !stopped()) {
      const first = next;
      next = Math.min(length, first + TASK_IMAGES);
      const paths = Array.from({ length: next - first }, (_, i) => path(first + i));
      const found = await thread.inspect(paths, maxPixels);
      for (const [i, facts] of found.entries()) each(first + i, facts);
    }
  };
  const threads = loaderThreads(workers);
  await Promise.all(Array.from({ length: TASKS_AHEAD }, () => threads.map(feed)).flat());
}
