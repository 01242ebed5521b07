/** A checkpoint file or state dictionary that cannot be used. The message is one sentence to show to the user. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
  readonly code: string = 'ERR_CHECKPOINT';
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a system error (ENOENT, ENOSPC …), or undefined. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
