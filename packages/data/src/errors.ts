/** A data set that cannot be used as it is: the message says what is wrong, where, and what to do. */
export class DataError extends Error {
  override name = 'DataError';
}

/** An image file that cannot be read. */
export class ImageError extends DataError {
  override name = 'ImageError';

  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(`Cannot read the image ${path}: ${reason}.`);
  }
}

/** The message of whatever was thrown, on one line and without its final full stop. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\s+/g, ' ').trim().replace(/\.$/, '') || 'unknown error';
}
