/** A data set that cannot be used as it is: the message says what is wrong, where, and what to do. */
export class DataError extends Error {
  override name = 'DataError';
}

/** Why an image cannot be read: `too-large` if for the limit on pixels alone, `unknown-class` if for its label map's ids. */
export type ImageErrorCode = 'unreadable' | 'too-large' | 'unknown-class';

/** An image file that cannot be read. */
export class ImageError extends DataError {
  override name = 'ImageError';

  constructor(
    readonly path: string,
    readonly reason: string,
    readonly code: ImageErrorCode = 'unreadable',
  ) {
    super(`Cannot read the image ${path}: ${reason}.`);
  }
}

/** More images cannot be read than may be skipped. */
export class UnreadableLimitError extends DataError {
  override name = 'UnreadableLimitError';
}

/** The message of whatever was thrown, on one line and without a full stop or colon at its end. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (
    message
      .replace(/\s+/g, ' ')
      .trim()
      .replace(/[.:]+$/, '') || 'unknown error'
  );
}
