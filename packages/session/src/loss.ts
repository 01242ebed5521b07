import {
  checkOptionNames,
  type CrossEntropyOptions as EmitOptions,
  crossEntropy as emitCrossEntropy,
  type TensorType,
  type Value,
} from '@inplace-abn/core';
import type { Signals } from '@inplace-abn/nn';
import type { OneOrNamed, Per } from './signals.js';

/** A scalar of a network's output and the target that goes with it, such as a mean over the batch. */
export type LossFunction<Out extends Signals = Value, Target extends Signals = Value> = (
  output: Out,
  target: Target,
) => Value;

/** A loss that knows what its target looks like. */
export interface Loss<Out extends Signals = Value, Target extends Signals = Value> {
  /** Shape and dtype of the target for an output. */
  target(output: Per<Out, TensorType>): Per<Target, TensorType>;
  readonly compute: LossFunction<Out, Target>;
}

export interface CrossEntropyOptions extends Pick<EmitOptions, 'ignoreIndex'> {}

/**
 * torch.nn.CrossEntropyLoss: the mean of −log softmax(output)[label]. Output [N,K,S…]; target int32[N,S…], class indices from
 * 0 to K − 1, or `ignoreIndex` (default −100) for what does not count.
 */
export function crossEntropy(options: CrossEntropyOptions = {}): Loss {
  checkOptionNames('crossEntropy', options, ['ignoreIndex']);
  return {
    target({ shape: [batch = 0, , ...positions] }) {
      return { shape: [batch, ...positions], dtype: 'int32' };
    },
    compute: (output, target) => emitCrossEntropy(output, target, options),
  };
}

/** Shape and dtype of the targets of a batch, each by its name in the graph. */
export type TargetTypes = (output: OneOrNamed<TensorType>) => Map<string, TensorType>;
