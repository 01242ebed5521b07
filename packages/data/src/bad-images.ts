import { DataError, type ImageError } from './errors.js';

export interface SkippedImage {
  readonly index: number;
  readonly path: string;
  readonly reason: string;
}

/** 'fail': stop with an error that names the image. skip: read the next one instead, at most for this many images. */
export type BadImagePolicy = 'fail' | { readonly skip: number };

/** Which images could not be read, and whether that is still tolerable. */
export class BadImages {
  readonly list: SkippedImage[] = [];
  private readonly indices = new Set<number>();

  constructor(private readonly policy: BadImagePolicy) {}

  has(index: number): boolean {
    return this.indices.has(index);
  }

  /** Takes note of an unreadable image. @throws where the policy does not allow it */
  add(index: number, error: ImageError): void {
    if (this.policy === 'fail') throw error;
    if (this.indices.has(index)) return;
    this.indices.add(index);
    this.list.push({ index, path: error.path, reason: error.reason });
    const limit = this.policy.skip;
    if (this.list.length > limit) {
      throw new DataError(
        `${this.list.length} unreadable images, where at most ${limit} may be skipped; ` +
          `the last is ${error.path}: ${error.reason}. Repair or remove them, or raise the limit.`,
      );
    }
  }
}
