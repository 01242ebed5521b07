import type { SessionPlan } from './plan.js';

export type StepKind = Exclude<SessionPlan['kind'], 'own'>;

/** Identifies one of a session's built-in steps. */
export interface StepKey {
  readonly kind: StepKind;
  readonly batch: number;
  /** Layers whose outputs are requested; only for `features`. */
  readonly paths?: readonly string[];
  /** Samples of each shard that this process holds, if batches are divided into shards; only in training. */
  readonly shards?: readonly number[];
  /** On the averages of the weights. */
  readonly averaged?: boolean;
}

/** The step of a run of a training batch. */
export function stepOf(
  kind: 'train' | 'accumulate',
  run: { readonly samples: number; readonly shards?: readonly number[] },
): StepKey {
  return { kind, batch: run.samples, shards: run.shards };
}

/** The method whose step it is, for its errors. */
export function methodOf({ kind }: StepKey): string {
  return kind === 'accumulate' ? 'train' : kind;
}
