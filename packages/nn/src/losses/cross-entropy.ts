import {
  checkOptionNames,
  crossEntropy as emitCrossEntropy,
  literal,
  logSoftmax,
  mul,
  rows,
  sum,
  type Value,
} from '@inplace-abn/core';
import { type Loss, likeOutput } from './loss.js';

export interface CrossEntropyOptions {
  /** Label of samples and pixels that do not count; default −100. */
  readonly ignoreIndex?: number;
  /** A factor on the loss of each class; the mean is weighted by it, too. */
  readonly classWeights?: readonly number[];
  /** Share of the target that all classes have alike, from 0 (the default) to 1. */
  readonly labelSmoothing?: number;
}

/**
 * torch.nn.CrossEntropyLoss with labels: the mean of −log softmax(output)[label]. Output [N,K,S…]; target int32[N,S…], class
 * indices from 0 to K − 1, or `ignoreIndex`.
 */
export function crossEntropy(options: CrossEntropyOptions = {}): Loss {
  checkOptionNames('crossEntropy', options, ['ignoreIndex', 'classWeights', 'labelSmoothing']);
  const { classWeights, ignoreIndex, labelSmoothing } = options;
  return {
    target: ({ shape: [batch = 0, , ...positions] }) => ({ shape: [batch, ...positions], dtype: 'int32' }),
    compute: (output, target) =>
      emitCrossEntropy(output, target, {
        ignoreIndex,
        labelSmoothing,
        ...(classWeights ? { weights: literal(output.tracer, classWeights) } : {}),
      }),
  };
}

/**
 * torch.nn.CrossEntropyLoss with probabilities, such as those of mixup: the mean over samples (and pixels) of
 * −Σ_k target_k · log softmax(output)_k. Output and target [N,K,S…].
 */
export function softCrossEntropy(): Loss {
  return likeOutput((output, target) => mul(meanOverRows(mul(target, logSoftmax(output))), -1));
}

/** Σ of all elements by the number of rows: samples, or pixels. */
export function meanOverRows(terms: Value): Value {
  return mul(sum(terms), 1 / rows(terms.shape));
}
