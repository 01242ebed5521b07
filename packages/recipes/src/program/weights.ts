/** The option about the weights of a checkpoint that several programs have. */
import { UsageError } from '@inplace-abn/core';
import { Option } from 'commander';
import { NORM_MODES, UnknownOriginError } from '../weights/scales.js';

export function trainedWithOption(): Option {
  return new Option(
    '--trained-with <bn_mode>',
    'batch norm that the weights of the checkpoint were trained with, where nothing else tells: weights of other batch norm ' +
      'are converted, or refused',
  ).choices(NORM_MODES);
}

/** Runs what loads weights: an error that the option is the remedy of names it. */
export async function namingTrainedWith<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof UnknownOriginError)) throw error;
    throw new UsageError(`${error.message}, with --trained-with standard or --trained-with inplace`, {
      cause: error,
    });
  }
}
