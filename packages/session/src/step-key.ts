import type { SessionPlan } from './plan.js';

export type StepKind = Exclude<SessionPlan['kind'], 'own'>;

/** Which of a session's own steps, of how many samples. */
export interface StepKey {
  readonly kind: StepKind;
  readonly batch: number;
  /** Layers whose output is asked for; of features alone. */
  readonly paths?: readonly string[];
  /** On the averages of the weights. */
  readonly averaged?: boolean;
}
