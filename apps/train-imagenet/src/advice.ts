/** The options of train-imagenet that are appended to a library's errors. */
import type { Advice } from '@inplace-abn/cli';
import { MAX_PIXELS_ADVICE, TRAINED_WITH_ADVICE } from '@inplace-abn/recipes';
import { RunFolderError } from '@inplace-abn/train';

/** The option that continues a run from its folder of checkpoints; null if it has none yet. */
export function continueWith(checkpoints: string | null): string {
  return checkpoints === null
    ? '--continue (it starts over, since it has no checkpoint yet)'
    : `--resume ${checkpoints}`;
}

function taken(error: Error): string {
  const checkpoint = error instanceof RunFolderError ? error.checkpoint : null;
  return `: ${checkpoint === null ? '--continue' : `--resume ${checkpoint}`}, or another --log-dir`;
}

export const ADVICE: Advice = {
  ...TRAINED_WITH_ADVICE,
  ...MAX_PIXELS_ADVICE,
  ERR_RUN_FOLDER: ' with --log-dir',
  ERR_NO_RUN: '; check --resume and --log-dir',
  ERR_RUN_FOLDER_TAKEN: taken,
  ERR_TORCH_RUN: ' with --resume and --log-dir',
  ERR_OTHER_OPTIMIZER: ' with --weights-only',
  ERR_CLASSIFIER: '\n(--drop-classifier starts a run with a new classifier)',
};
