/** A data set that cannot be used. The message says what is wrong, where, and how to fix it. */
export class DataError extends Error {
  /** Name of the class, as stack traces print it. Programs compare `code`, or use `instanceof`. */
  override name = 'DataError';
  /** Stable identifier of the problem; the message may change between versions. */
  readonly code: string = 'ERR_DATA';
}

/** Images directly in a folder where class folders are expected, as ImageNet's validation images come. */
export class FlatFolderError extends DataError {
  override name = 'FlatFolderError';
  override readonly code = 'ERR_FLAT_FOLDER';

  /** Words the error: the folder, its images, and both ways to label them. */
  constructor(
    /** The folder without class folders. */
    readonly folder: string,
    /** Images directly in it. */
    readonly images: number,
  ) {
    super(
      `No class folder in ${folder}, which has ${images} ${images === 1 ? 'image' : 'images'}: expected one folder per class. ` +
        'Sort the images into class folders, or name a file that lists the class of each',
    );
  }
}

/** A list of labels with a line that cannot be used; the message begins with file and line. */
export class LabelFileError extends DataError {
  override name = 'LabelFileError';
  override readonly code = 'ERR_LABEL_FILE';

  /**
   * Words the error: file, line and reason.
   *
   * @param reason what is wrong, as the end of a sentence about file and line
   */
  constructor(
    /** Path of the list. */
    readonly path: string,
    /** Line of the list, from 1; 0 for the file as a whole. */
    readonly line: number,
    reason: string,
    /** The option that would help; undefined if none would. */
    readonly lacks?: 'columns' | 'synsets',
  ) {
    super(`${line > 0 ? `${path}:${line}` : path}: ${reason}`);
  }
}

/** A tar archive of images that cannot be used; the message names the member and its place. */
export class ShardError extends DataError {
  override name = 'ShardError';
  override readonly code = 'ERR_SHARD';

  /**
   * Words the error: the archive and the reason.
   *
   * @param reason what is wrong, as the end of a sentence about the archive or its member
   */
  constructor(
    /** Path of the archive. */
    readonly shard: string,
    reason: string,
  ) {
    super(`The shard ${shard}${/^member /.test(reason) ? ':' : ''} ${reason}.`);
  }
}

/**
 * `too-large`: only the pixel limit stops it. `unknown-class`, `unknown-color`: its label map has an id that
 * is not a class, or a color that the palette lacks. `colored-labels`: its label map holds colors, not ids.
 */
export type ImageErrorCode =
  | 'unreadable'
  | 'too-large'
  | 'unknown-class'
  | 'unknown-color'
  | 'colored-labels';

/** An image file that cannot be read. */
export class ImageError extends DataError {
  override name = 'ImageError';

  /** Words the error: the file, and why it cannot be read. */
  constructor(
    /** Path of the image. */
    readonly path: string,
    /** Why it cannot be read: a clause without a period. */
    readonly reason: string,
    /** Kind of problem, for programs. */
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
      // Removes the path at the end of a system error, which our message already has.
      .replace(/^(E[A-Z]+: [^,]+), \w+ '.*'$/, '$1')
      .trim()
      .replace(/[.:]+$/, '') || 'unknown error'
  );
}
