/**
 * `ERR_RUN_FOLDER`: the folder cannot be created. `ERR_NO_RUN`: it holds no run to continue.
 * `ERR_RUN_FOLDER_TAKEN`: it holds another run. `ERR_TORCH_RUN`: that run belongs to PyTorch.
 */
export type RunFolderCode = 'ERR_RUN_FOLDER' | 'ERR_NO_RUN' | 'ERR_RUN_FOLDER_TAKEN' | 'ERR_TORCH_RUN';

/** A run folder that cannot be used as requested. */
export class RunFolderError extends Error {
  /** Name of the class, as stack traces print it. Programs compare `code`, or use `instanceof`. */
  override readonly name = 'RunFolderError';

  /**
   * Carries code and checkpoint next to its message.
   *
   * @param message what is wrong with the folder, and the likely fix
   */
  constructor(
    message: string,
    /** Which of the problems it is. */
    readonly code: RunFolderCode,
    /**
     * Where the folder's run continues: its checkpoint folder or PyTorch's file; null if it has no checkpoint
     * yet.
     */
    readonly checkpoint: string | null = null,
  ) {
    super(message);
  }
}
