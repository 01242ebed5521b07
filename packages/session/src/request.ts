import { described, UsageError } from '@inplace-abn/core';
import type { StepKind } from './step-key.js';

/** Which step to plan, and for how many samples. */
export type PlanRequest =
  | {
      /** Samples of a training step, at least 1. */
      readonly train: number;
    }
  | {
      /** Samples of an evaluation step, at least 1. */
      readonly evaluate: number;
    }
  | {
      /** Samples of a prediction, at least 1. */
      readonly predict: number;
    };

/** The kind of step and the samples of a request. */
export function planned(request: PlanRequest): [StepKind, number] {
  const kinds = ['train', 'evaluate', 'predict'] as const;
  const known = new Map<string, number>(Object.entries(request ?? {}));
  const kind = kinds.find((name) => known.has(name));
  if (!kind || known.size > 1) {
    throw new UsageError('plan takes one of { train: N }, { evaluate: N } and { predict: N }', {
      code: 'ERR_UNKNOWN_OPTION',
    });
  }
  const batch = known.get(kind);
  if (batch !== undefined && Number.isInteger(batch) && batch >= 1) return [kind, batch];
  throw new UsageError(`plan: expected a batch of at least one sample but received ${described(batch)}`, {
    code: 'ERR_EMPTY_BATCH',
  });
}
