/** Images of a run that cannot be read. */
import type { RunMeta } from '@inplace-abn/checkpoint';
import type { Loader, SkippedImage } from '@inplace-abn/data';
import type { Peers } from '../parallel/peers.js';
import type { Progress } from '../progress/progress.js';

/** The images that were skipped: each process tells the others of its own, so that together they keep to the limit. */
export class Unreadable {
  /** For each loader the indices that all processes know of. */
  private readonly told: readonly Set<number>[];
  private reported: number;

  constructor(
    private readonly loaders: readonly Pick<Loader, 'skipped' | 'exclude'>[],
    private readonly peers: Peers,
    /** Those that the run skipped before it was resumed. */
    private readonly before: readonly SkippedImage[] = [],
  ) {
    this.told = loaders.map(() => new Set());
    this.reported = before.length;
  }

  private get count(): number {
    return this.loaders.reduce((sum, { skipped }) => sum + skipped.length, 0);
  }

  /** Images of this process that the others have not heard of: its part of the sum that {@link hear} is given. */
  get untold(): number {
    return this.count - this.told.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Takes note of the sum over all processes; where it is not 0 they tell each other. All processes call it.
   * @throws UnreadableLimitError, on all of them, where they are more than may be skipped
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

  /** Says how many were skipped so far, where they have become more. */
  report(progress: Progress): void {
    const count = skippedInAll(this.before, this.loaders).length;
    if (count === this.reported) return;
    this.reported = count;
    const images =
      count === 1 ? '1 image that cannot be read was' : `${count} images that cannot be read were`;
    const last = this.loaders.flatMap(({ skipped }) => skipped.slice(-1)).at(-1);
    progress.note(`${images} skipped so far, such as ${last?.path}: ${last?.reason}`);
  }
}

/** The images that a run skipped: before it was resumed, and since then. */
export function skippedInAll(
  before: readonly SkippedImage[],
  loaders: readonly Pick<Loader, 'skipped'>[],
): SkippedImage[] {
  const all = [...before, ...loaders.flatMap(({ skipped }) => skipped)];
  return [...new Map(all.map((image) => [image.path, image])).values()];
}

/** Where a training state has them. */
export const SKIPPED_KEY = 'skipped';

/** Those in the meta data of a training state, which has them where there are any. */
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
