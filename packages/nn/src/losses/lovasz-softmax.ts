import { checkOptionNames, lovaszSoftmax as emitLovaszSoftmax, softmax } from '@inplace-abn/core';
import { labelCount } from './cross-entropy.js';
import type { Loss } from './loss.js';

/** Options of {@link lovaszSoftmax}. */
export interface LovaszSoftmaxOptions {
  /** The classes of the mean: those that occur among the labels, or all. Default 'present'. */
  readonly classes?: 'present' | 'all';
  /** The mean of each image's loss. Default false: the loss of the batch as a whole. */
  readonly perImage?: boolean;
  /** Label of samples and pixels to ignore. Default −100. */
  readonly ignoreIndex?: number;
}

/**
 * Lovász-softmax loss (Berman et al. 2018), which follows the mean IoU: of each class, the Lovász extension
 * of 1 − IoU at the errors |target − softmax(output)|; then the mean over classes. Output [N,K,S…]: logits.
 * Target int32[N,S…], class indices from 0 to K − 1, or `ignoreIndex`. Without labels that count it is 0.
 *
 * IoU is not a mean over pixels: where a batch is divided over processes or parts, the loss is that of each
 * part, weighted by its labels. With `perImage` it is the same however images are divided.
 *
 * @throws UsageError, code ERR_UNKNOWN_OPTION, for an unknown option
 */
export function lovaszSoftmax(options: LovaszSoftmaxOptions = {}): Loss {
  checkOptionNames('lovaszSoftmax', options, ['classes', 'perImage', 'ignoreIndex']);
  const { classes, perImage = false, ignoreIndex } = options;
  const common: Pick<Loss, 'target' | 'compute'> = {
    target: ({ shape: [batch = 0, , ...positions] }) => ({ shape: [batch, ...positions], dtype: 'int32' }),
    compute: (output, target, count) =>
      emitLovaszSoftmax(softmax(output), target, { classes, perImage, ignoreIndex, count }),
  };
  return perImage ? common : { ...common, count: (labels) => labelCount(labels, ignoreIndex) };
}
