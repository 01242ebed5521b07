import { type ImageError, UnreadableLimitError } from './errors.js';

export interface SkippedImage {
  readonly index: number;
  readonly path: string;
  readonly reason: string;
}

/**
 * 'fail': stop with an error that names the image. skip: read the next one instead, at most for this many images. 'leave out': its
 * row stays as it was, with the index −1.
 */
export type BadImagePolicy = 'fail' | 'leave out' | { readonly skip: number };

/** Which images could not be read, and whether that is still tolerable. */
export class BadImages {
  readonly list: SkippedImage[] = [];
  private readonly indices = new Set<number>();

  constructor(private readonly policy: BadImagePolicy) {}

  /** Whether another image is read in the stead of one that cannot be. */
  get replaces(): boolean {
    return this.policy !== 'leave out';
  }

  has(index: number): boolean {
    return this.indices.has(index);
  }

  /** Takes note of an unreadable image. @throws where the policy does not allow it */
  add(index: number, error: ImageError): void {
    if (this.policy === 'fail') throw error;
    this.note({ index, path: error.path, reason: error.reason }, this.limit);
  }

  /** Takes note of images that others could not read. @throws UnreadableLimitError where they are too many */
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
        `${this.list.length} unreadable images, where at most ${limit} may be skipped; ` +
          `the last is ${image.path}: ${image.reason}. Repair or remove them, or raise the limit.`,
      );
    }
  }
}
