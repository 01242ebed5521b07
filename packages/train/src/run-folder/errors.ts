/**
 * `ERR_RUN_FOLDER`: a folder cannot be made; `ERR_NO_RUN`: it holds no run to continue; `ERR_RUN_FOLDER_TAKEN`: it holds another
 * run; `ERR_TORCH_RUN`: that run is PyTorch's.
 */
export type RunFolderCode = 'ERR_RUN_FOLDER' | 'ERR_NO_RUN' | 'ERR_RUN_FOLDER_TAKEN' | 'ERR_TORCH_RUN';

/** A run folder that cannot be used as it was asked for. */
export class RunFolderError extends Error {
  override readonly name = 'RunFolderError';

  constructor(
    message: string,
    readonly code: RunFolderCode,
    /** From what the run in the folder continues: its folder of checkpoints, or PyTorch's file; null: from nothing yet. */
    readonly checkpoint: string | null = null,
  ) {
    super(message);
  }
}
