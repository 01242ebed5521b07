import {
  checkChoice,
  checkOptionNames,
  lovaszSoftmax as emitLovaszSoftmax,
  softmax,
} from '@inplace-abn/core';
import { labelCount } from './cross-entropy.js';
import type { Loss } from './loss.js';

/** Options of {@link lovaszSoftmax}. */
export interface LovaszSoftmaxOptions {
  /** Classes to average over: those that occur among the labels, or all. Default 'present'. */
  readonly classes?: 'present' | 'all';
  /** Whether to compute a loss per image and average. Default false: one loss over the whole batch. */
  readonly perImage?: boolean;
  /** Label of samples and pixels to ignore. Default −100. */
  readonly ignoreIndex?: number;
}

/**
 * Lovász-softmax loss (Berman et al. 2018), a surrogate for the mean IoU: the mean over classes of the Lovász
 * extension of 1 − IoU at the errors |target − softmax(output)|. Output [N,K,S…]: logits. Target int32[N,S…],
 * class indices from 0 to K − 1, or `ignoreIndex`. It is 0 if all labels are ignored.
 *
 * IoU is not a mean over pixels. If a batch is split over processes or parts, the loss of each part is
 * weighted by its number of labels, so the result depends on the split. With `perImage` it does not.
 *
 * @throws UsageError, code ERR_UNKNOWN_OPTION, for an unknown option; code ERR_OPTION_VALUE, for unknown
 * classes
 */
export function lovaszSoftmax(options: LovaszSoftmaxOptions = {}): Loss {
  checkOptionNames('lovaszSoftmax', options, ['classes', 'perImage', 'ignoreIndex']);
  const { classes = 'present', perImage = false, ignoreIndex } = options;
  checkChoice('lovaszSoftmax', 'classes', ['present', 'all'], classes);
  const common: Pick<Loss, 'target' | 'compute'> = {
    target: ({ shape: [batch = 0, , ...positions] }) => ({ shape: [batch, ...positions], dtype: 'int32' }),
    compute: (output, target, count) =>
      emitLovaszSoftmax(softmax(output), target, { classes, perImage, ignoreIndex, count }),
  };
  return perImage ? common : { ...common, count: (labels) => labelCount(labels, ignoreIndex) };
}
