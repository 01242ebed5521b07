import { ImageError } from './errors.js';
import type { LabelFacts } from './inspect-labels.js';
import { IGNORED } from './label-coding.js';
import { type ClassIds, type IdTargets, idTargets } from './label-map.js';
import type { SegmentationSource } from './loader.js';
import { MAX_PIXELS } from './pixel-limit.js';
import { type ShareOptions, shareOf } from './share.js';
import { type LoaderThread, loaderThreads } from './threads.js';

/** Label maps per message to a thread, and messages in flight per thread. */
const TASK_MAPS = 8;
const TASKS_AHEAD = 2;

/** The label maps to count. */
export type CountedMaps = Pick<SegmentationSource, 'length' | 'labelPath' | 'coding'>;

/** Options of {@link countPixels}. */
export interface CountOptions {
  /** Threads that read and decode, shared with the loaders. Default 2. */
  readonly workers?: number;
  /** Label maps with more pixels are not read. Default 2^27. */
  readonly maxPixels?: number;
  /**
   * Leave out label maps that cannot be read, or have ids that are not classes. Default false: they are
   * errors.
   */
  readonly skip?: boolean;
  /**
   * The process whose part of the label maps is counted; the results of all processes add up to all maps.
   * Default: all maps.
   */
  readonly share?: ShareOptions;
}

/**
 * Counts the pixels of each class in whole label maps, of which the crops of training see only a part. Reads
 * every file once, in parallel, and keeps only the sums, so the order of reading does not matter.
 *
 * @throws ImageError naming a label map that cannot be read or has another id, unless such are skipped
 */
export async function countPixels(
  maps: CountedMaps,
  ids: ClassIds & { readonly classes: number },
  { workers = 2, maxPixels = MAX_PIXELS, skip = false, share = { rank: 0, size: 1 } }: CountOptions = {},
): Promise<number[]> {
  const pixels = new Array<number>(ids.classes).fill(0);
  const targets = idTargets(ids);
  const { begin, end } = shareOf(maps.length, share);
  let next = begin;
  let failure: ImageError | undefined;
  const feed = async (thread: LoaderThread) => {
    while (next < end && !failure) {
      const first = next;
      next = Math.min(end, first + TASK_MAPS);
      const paths = Array.from({ length: next - first }, (_, i) => maps.labelPath(first + i));
      const found = await thread.inspectLabels(paths, { maxPixels, coding: maps.coding });
      for (const [i, facts] of found.entries()) {
        const problem = add(pixels, facts, targets, paths[i] ?? '');
        if (!skip) failure ??= problem;
      }
    }
  };
  const threads = loaderThreads(Math.max(1, workers));
  await Promise.all(Array.from({ length: TASKS_AHEAD }, () => threads.map(feed)).flat());
  if (failure) throw failure;
  return pixels;
}

/** Adds the pixels of a label map, or returns why none of them are added. */
function add(
  pixels: number[],
  facts: LabelFacts,
  { classes, targetOf }: IdTargets,
  path: string,
): ImageError | undefined {
  if (facts.failure) return new ImageError(path, facts.failure.reason, facts.failure.code);
  const [unknown] = facts.unknown;
  if (unknown) {
    return new ImageError(
      path,
      `it has the id ${unknown[0]}, which is not in the map of ids`,
      'unknown-class',
    );
  }
  const other = facts.classes.find(([id]) => (targetOf[id] as number) < 0);
  if (other) {
    return new ImageError(path, `it has the class ${other[0]}, but there are ${classes}`, 'unknown-class');
  }
  for (const [id, count] of facts.classes) {
    const target = targetOf[id] as number;
    if (target !== IGNORED) pixels[target] = (pixels[target] ?? 0) + count;
  }
  return undefined;
}
