import {
  add,
  checkNumbers,
  checkOptionNames,
  crossEntropy,
  exp,
  logSoftmax,
  mul,
  sub,
  type Value,
} from '@inplace-abn/core';
import { meanOverRows } from './cross-entropy.js';
import type { Loss } from './loss.js';

/** Options of {@link distillation}. */
export interface DistillationOptions {
  /** Divides the logits of both networks, above 0; above 1 it softens their distributions. Default 1. */
  readonly temperature?: number;
  /** Weight of the teacher's term, from 0 to 1. Default 0.5. */
  readonly alpha?: number;
}

/** Target of {@link distillation}, for logits N×K×S…. */
export type DistillationTarget = {
  /** Classes, int32[N,S…], from 0 to K − 1. */
  readonly labels: Value;
  /** Logits of the teacher, float32[N,K,S…]. */
  readonly teacher: Value;
};

/**
 * Knowledge distillation (Hinton et al. 2015), with temperature T:
 *
 *     α·T²·KL(softmax(teacher/T) ‖ softmax(output/T)) + (1 − α)·crossEntropy(output, labels)
 *
 * KL is averaged over samples (and pixels), like torch.nn.KLDivLoss with reduction 'batchmean'. The output is
 * logits N×K×S….
 *
 * @throws UsageError, code ERR_UNKNOWN_OPTION, for an unknown option; code ERR_OPTION_VALUE, for one out of
 * range
 */
export function distillation(options: DistillationOptions = {}): Loss<Value, DistillationTarget> {
  checkOptionNames('distillation', options, ['temperature', 'alpha']);
  const { temperature = 1, alpha = 0.5 } = options;
  checkNumbers('distillation', 'a number above 0', { temperature });
  checkNumbers('distillation', 'a number from 0 to 1', { alpha });
  return {
    target({ shape }) {
      const [batch = 0, , ...positions] = shape;
      return {
        labels: { shape: [batch, ...positions], dtype: 'int32' },
        teacher: { shape, dtype: 'float32' },
      };
    },
    compute(output, { labels, teacher }) {
      const wanted = logSoftmax(mul(teacher, 1 / temperature));
      const given = logSoftmax(mul(output, 1 / temperature));
      const divergence = meanOverRows(mul(exp(wanted), sub(wanted, given)));
      const hard = mul(crossEntropy(output, labels), 1 - alpha);
      return add(mul(divergence, alpha * temperature ** 2), hard);
    },
  };
}
