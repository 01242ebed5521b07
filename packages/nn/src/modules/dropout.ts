import { dropout, UsageError, type Value } from '@inplace-abn/core';
import { type Mode, Module } from '../module.js';

/**
 * torch.nn.Dropout: in training, zeroes elements with probability p and scales the rest by 1/(1 − p). The
 * backward pass draws the mask again, so none is kept.
 */
export class Dropout extends Module {
  /** Whether all elements of a channel of a sample are zeroed together. */
  protected readonly channelwise: boolean = false;

  /** @throws UsageError for a probability outside [0, 1) */
  constructor(
    /** Probability that an element is zeroed, in [0, 1). */
    readonly p = 0.5,
  ) {
    super();
    if (!(p >= 0 && p < 1))
      throw new UsageError(`expected a probability in [0, 1) for Dropout but received ${p}`);
  }

  protected forward(x: Value, mode: Mode): Value {
    if (!mode.training || this.p === 0) return x;
    if (!mode.seed) {
      throw new UsageError(
        `${x.tracer.path || 'Dropout'}: training with dropout needs a seed input in the mode`,
      );
    }
    const stream = x.tracer.randomStream();
    return dropout(x, mode.seed, { p: this.p, stream, channelwise: this.channelwise });
  }
}

/** torch.nn.Dropout2d: zeroes whole channels of a sample. */
export class Dropout2d extends Dropout {
  protected override readonly channelwise = true;
}
