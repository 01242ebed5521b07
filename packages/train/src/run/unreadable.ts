/** Unreadable images of a run. */
import type { RunMeta } from '@inplace-abn/checkpoint';
import type { Loader, SkippedImage } from '@inplace-abn/data';
import type { Peers } from '../parallel/peers.js';
import type { Progress } from '../progress/progress.js';

/** Why an image was skipped, in words for the user. */
export type SkipReason = (image: SkippedImage) => string;

/** Tracks skipped images. Processes exchange theirs, so that the limit applies to all of them together. */
export class Unreadable {
  /** Per loader, the indices that all processes know. */
  private readonly told: readonly Set<number>[];
  private reported: number;

  /**
   * Begins with what the loaders have skipped already.
   *
   * @param loaders of training and validation
   * @param peers the processes that share the limit
   */
  constructor(
    private readonly loaders: readonly Pick<Loader, 'skipped' | 'exclude'>[],
    private readonly peers: Peers,
    /** Images that the run skipped before it was resumed. */
    private readonly before: readonly SkippedImage[] = [],
    /** Why an image was skipped, as {@link report} says it. */
    private readonly reasonOf: SkipReason = ({ reason }) => reason,
  ) {
    this.told = loaders.map(() => new Set());
    this.reported = before.length;
  }

  private get count(): number {
    return this.loaders.reduce((sum, { skipped }) => sum + skipped.length, 0);
  }

  /**
   * Number of images that the others do not know yet; summed over processes it is the argument of
   * {@link hear}.
   */
  get untold(): number {
    return this.count - this.told.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Receives the sum over all processes. If it is not 0, they exchange their images. A collective.
   *
   * @throws UnreadableLimitError on all processes, if more images are unreadable than may be skipped
   */
  async hear(sum: number): Promise<void> {
    if (sum === 0 || this.peers.size === 1) return;
    const own = this.loaders.map(({ skipped }, i) =>
      skipped.filter(({ index }) => !this.told[i]?.has(index)),
    );
    for (const images of await this.peers.gather<SkippedImage[][]>(own)) {
      for (const [i, list] of images.entries()) {
        for (const { index } of list) this.told[i]?.add(index);
        this.loaders[i]?.exclude(list);
      }
    }
  }

  /** Reports the number of skipped images if it has grown. */
  report(progress: Progress): void {
    const count = skippedInAll(this.before, this.loaders).length;
    if (count === this.reported) return;
    this.reported = count;
    const images =
      count === 1 ? '1 image that cannot be read was' : `${count} images that cannot be read were`;
    const last = this.loaders.flatMap(({ skipped }) => skipped.slice(-1)).at(-1);
    if (last) progress.note(`${images} skipped so far, such as ${last.path}: ${this.reasonOf(last)}`);
  }
}

/** All images that a run skipped, before and after it was resumed. */
export function skippedInAll(
  before: readonly SkippedImage[],
  loaders: readonly Pick<Loader, 'skipped'>[],
): SkippedImage[] {
  const all = [...before, ...loaders.flatMap(({ skipped }) => skipped)];
  return [...new Map(all.map((image) => [image.path, image])).values()];
}

/** Key of the skipped images in a training state. */
export const SKIPPED_KEY = 'skipped';

/** The skipped images in the metadata of a training state, if there are any. */
export function skippedIn(meta: RunMeta): SkippedImage[] {
  const value = meta[SKIPPED_KEY];
  return Array.isArray(value) ? value.filter(isSkipped) : [];
}

function isSkipped(value: unknown): value is SkippedImage {
  if (typeof value !== 'object' || value === null) return false;
  if (!('index' in value && 'path' in value && 'reason' in value)) return false;
  return (
    typeof value.index === 'number' && typeof value.path === 'string' && typeof value.reason === 'string'
  );
}
