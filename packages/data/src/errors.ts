/** A data set that cannot be used. The message says what is wrong, where, and how to fix it. */
export class DataError extends Error {
  override name = 'DataError';
  readonly code: string = 'ERR_DATA';
}

/** `too-large`: only the pixel limit stops it. `unknown-class`: its label map has an id that is not a class. */
export type ImageErrorCode = 'unreadable' | 'too-large' | 'unknown-class';

/** An image file that cannot be read. */
export class ImageError extends DataError {
  override name = 'ImageError';

  constructor(
    readonly path: string,
    readonly reason: string,
    override readonly code: ImageErrorCode = 'unreadable',
  ) {
    super(`Cannot read the image ${path}: ${reason}.`);
  }
}

/** More images are unreadable than may be skipped. */
export class UnreadableLimitError extends DataError {
  override name = 'UnreadableLimitError';
  override readonly code = 'ERR_UNREADABLE_LIMIT';
}

/** A transform's module that cannot be imported or does not make a transform. */
export class TransformError extends DataError {
  override name = 'TransformError';
  override readonly code = 'ERR_TRANSFORM';
}

/** The message of any thrown value, on one line, without a trailing period or colon. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (
    message
      .replace(/\s+/g, ' ')
      .trim()
      .replace(/[.:]+$/, '') || 'unknown error'
  );
}
