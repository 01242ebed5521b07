import {
  type CrossEntropyOptions as EmitOptions,
  crossEntropy as emitCrossEntropy,
  type TensorType,
  type Value,
} from '@inplace-abn/core';

/** A scalar of a network's output and the target that goes with it, such as a mean over the batch. */
export type LossFunction = (output: Value, target: Value) => Value;

/** A loss that knows what its target looks like. */
export interface Loss {
  /** Shape and dtype of the target for an output. */
  target(output: TensorType): TensorType;
  readonly compute: LossFunction;
}

export interface CrossEntropyOptions extends Pick<EmitOptions, 'ignoreIndex'> {}

/**
 * torch.nn.CrossEntropyLoss: the mean of −log softmax(output)[label]. Output [N,K,S…]; target int32[N,S…], class indices from
 * 0 to K − 1, or `ignoreIndex` (default −100) for what does not count.
 */
export function crossEntropy(options: CrossEntropyOptions = {}): Loss {
  return {
    target({ shape: [batch = 0, , ...positions] }) {
      return { shape: [batch, ...positions], dtype: 'int32' };
    },
    compute: (output, target) => emitCrossEntropy(output, target, options),
  };
}

/** A function as a loss: its target is `target` for each image, or else looks like the output. */
export function lossOf(loss: Loss | LossFunction, target: TensorType | undefined): Loss {
  if (typeof loss !== 'function') return loss;
  return {
    target: (output) =>
      target ? { shape: [output.shape[0] ?? 0, ...target.shape], dtype: target.dtype } : output,
    compute: loss,
  };
}
