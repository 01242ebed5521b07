/** The options of train-imagenet that help where a library's error says what is wrong. */
import type { Advice } from '@inplace-abn/cli';
import { MAX_PIXELS_ADVICE, TRAINED_WITH_ADVICE } from '@inplace-abn/recipes';
import { RunFolderError } from '@inplace-abn/train';

/** How a run is continued from its folder of checkpoints; null: it has none yet. */
export function continueWith(checkpoints: string | null): string {
  return checkpoints === null
    ? '--continue (it has no checkpoint yet, so it starts anew)'
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
  ERR_CLASSIFIER: '\n(--drop-classifier begins a run with a new classifier)',
};
