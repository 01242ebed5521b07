import { type ImageError, type ImageErrorCode, UnreadableLimitError } from './errors.js';

/** An image that was skipped because it cannot be read. */
export interface SkippedImage {
  /** Its index in the folder. */
  readonly index: number;
  /** Path of the file. */
  readonly path: string;
  /** Why it cannot be read. */
  readonly reason: string;
  /** Absent in states of older versions. */
  readonly code?: ImageErrorCode;
}

/**
 * `fail`: stop with an error that names the image. `skip`: read the next image instead. `leave out`: keep its
 * row empty, with index −1.
 */
export type BadImagePolicy =
  | 'fail'
  | 'leave out'
  | {
      /** Images that may be skipped in all epochs of a loader together. */
      readonly skip: number;
    };

/** Records the images that could not be read and enforces the policy on them. */
export class BadImages {
  readonly list: SkippedImage[] = [];
  private readonly indices = new Set<number>();

  constructor(private readonly policy: BadImagePolicy) {}

  /** Whether another image replaces one that cannot be read. */
  get replaces(): boolean {
    return this.policy !== 'leave out';
  }

  has(index: number): boolean {
    return this.indices.has(index);
  }

  /** Records an unreadable image. @throws if the policy does not allow it */
  add(index: number, error: ImageError): void {
    if (this.policy === 'fail') throw error;
    this.note({ index, path: error.path, reason: error.reason, code: error.code }, this.limit);
  }

  /**
   * Records images that other processes could not read. @throws UnreadableLimitError if there are too many
   */
  exclude(images: readonly SkippedImage[]): void {
    if (this.policy === 'fail') return;
    for (const image of images) this.note(image, this.limit);
  }

  private get limit(): number {
    return typeof this.policy === 'object' ? this.policy.skip : Number.POSITIVE_INFINITY;
  }

  private note(image: SkippedImage, limit: number): void {
    if (this.indices.has(image.index)) return;
    this.indices.add(image.index);
    this.list.push(image);
    if (this.list.length > limit) {
      throw new UnreadableLimitError(
        `${this.list.length} unreadable images, but at most ${limit} may be skipped; ` +
          `the last is ${image.path}: ${image.reason}. Repair or remove them, or raise the limit.`,
      );
    }
  }
}
