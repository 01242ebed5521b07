import {
  add,
  checkNumbers,
  checkOptionNames,
  crossEntropy as emitCrossEntropy,
  literal,
  logSoftmax,
  mul,
  rows,
  sum,
  type TypedArray,
  type Value,
} from '@inplace-abn/core';
import { type Loss, likeOutput } from './loss.js';

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions {
  /** Label of samples and pixels to ignore. Default −100. */
  readonly ignoreIndex?: number;
  /** Weight of each class, in the sum and in the divisor of the mean. */
  readonly classWeights?: readonly number[];
  /** Fraction of the target spread evenly over all classes, from 0 to 1. Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * torch.nn.CrossEntropyLoss with labels: the mean of −log softmax(output)[label]. Output [N,K,S…]. Target
 * int32[N,S…], class indices from 0 to K − 1, or `ignoreIndex`.
 *
 * @throws UsageError, code ERR_UNKNOWN_OPTION, for an unknown option; code ERR_OPTION_VALUE, for a smoothing
 * outside [0, 1]
 */
export function crossEntropy(options: CrossEntropyOptions = {}): Loss {
  checkOptionNames('crossEntropy', options, ['ignoreIndex', 'classWeights', 'labelSmoothing']);
  const { classWeights, ignoreIndex, labelSmoothing } = options;
  checkNumbers('crossEntropy', 'a number from 0 to 1', { labelSmoothing });
  return {
    target: ({ shape: [batch = 0, , ...positions] }) => ({ shape: [batch, ...positions], dtype: 'int32' }),
    compute: (output, target, count) =>
      emitCrossEntropy(output, target, {
        ignoreIndex,
        labelSmoothing,
        count,
        ...(classWeights ? { weights: literal(output.tracer, classWeights) } : {}),
      }),
    count: (labels) => labelCount(labels, ignoreIndex, classWeights),
  };
}

/** Number of labels that are not ignored, or the sum of their weights: the divisor of the mean. */
export function labelCount(labels: TypedArray, ignored = -100, weights?: readonly number[]): number {
  let count = 0;
  for (const label of labels) if (label !== ignored) count += weights ? (weights[Number(label)] ?? 0) : 1;
  return count;
}

/** Options of {@link softCrossEntropy}. */
export interface SoftCrossEntropyOptions {
  /** Factor on each class's terms. As in PyTorch the mean is not weighted. */
  readonly classWeights?: readonly number[];
  /** Fraction of the target spread evenly over all classes, from 0 to 1. Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * torch.nn.CrossEntropyLoss with probabilities, such as those of mixup: the mean over samples (and pixels) of
 * −Σ_k w_k · target_k · log softmax(output)_k. Output and target [N,K,S…].
 *
 * @throws UsageError, code ERR_UNKNOWN_OPTION, for an unknown option; code ERR_OPTION_VALUE, for a smoothing
 * outside [0, 1]
 */
export function softCrossEntropy(options: SoftCrossEntropyOptions = {}): Loss {
  checkOptionNames('softCrossEntropy', options, ['classWeights', 'labelSmoothing']);
  const { classWeights, labelSmoothing = 0 } = options;
  checkNumbers('softCrossEntropy', 'a number from 0 to 1', { labelSmoothing });
  return likeOutput((output, target) => {
    const wanted = smoothed(target, labelSmoothing);
    const weighted = classWeights ? mul(wanted, literal(output.tracer, classWeights)) : wanted;
    return mul(meanOverRows(mul(weighted, logSoftmax(output))), -1);
  });
}

/** A target [N,K,S…] with a fraction spread evenly over its K classes. */
export function smoothed(target: Value, labelSmoothing: number): Value {
  if (labelSmoothing === 0) return target;
  return add(mul(target, 1 - labelSmoothing), labelSmoothing / (target.shape[1] ?? 1));
}

/** Sum of all elements divided by the number of rows, which are samples or pixels. */
export function meanOverRows(terms: Value): Value<'float32'> {
  return mul(sum(terms), 1 / rows(terms.shape));
}
