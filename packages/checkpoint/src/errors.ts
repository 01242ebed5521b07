/**
 * A checkpoint file or state dictionary that cannot be used. The message is one sentence to show to the user.
 */
export class CheckpointError extends Error {
  /** Name of the class, as stack traces print it. Programs compare `code`, or use `instanceof`. */
  override readonly name = 'CheckpointError';
  /** Stable identifier of the problem; the message may change between versions. */
  readonly code: string = 'ERR_CHECKPOINT';
}

/** This Node cannot run the packages, which need `zlib.crc32`. Thrown when one of them is imported. */
export class OldNodeError extends Error {
  /** Name of the class, as stack traces print it. Programs compare `code`, or use `instanceof`. */
  override readonly name = 'OldNodeError';
  /** Stable identifier of the problem; the message may change between versions. */
  readonly code = 'ERR_OLD_NODE';

  constructor(version: string) {
    super(`@inplace-abn/checkpoint needs Node 20.15 or later, and this is ${version}`);
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a system error (ENOENT, ENOSPC …), or undefined. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
