/** The option for the weights of a checkpoint that several programs share. */
import type { Advice } from '@inplace-abn/cli';
import { NORM_MODES } from '@inplace-abn/interop';
import { Option } from 'commander';

/** The option that names the batch norm that weights were trained with. */
export function trainedWithOption(): Option {
  return new Option(
    '--trained-with <bn_mode>',
    'batch norm that the weights were trained with, if the checkpoint does not record it; weights of another batch norm ' +
      'are converted, or refused',
  ).choices(NORM_MODES);
}

/** The end of an error about weights of unknown origin, for programs with that option. */
export const TRAINED_WITH_ADVICE: Advice = {
  ERR_UNKNOWN_ORIGIN: ', with --trained-with standard or --trained-with inplace',
};
