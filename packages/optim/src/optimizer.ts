import type { Value } from '@inplace-abn/core';

/** A parameter with its gradient and the scalar input that holds its learning rate. */
export interface ParameterUpdate {
  readonly name: string;
  readonly parameter: Value;
  readonly gradient: Value;
  readonly learningRate: Value;
}

/** Appends update ops to the step that is being traced. Optimiser state lives in the store under its names. */
export interface Optimizer {
  /** `clip`: scalar factor on all gradients; null: none. */
  apply(updates: readonly ParameterUpdate[], clip: Value | null): void;
}

/** Store name of the optimiser state `kind` of a parameter, such as `mod1.conv1.weight.momentum_buffer`. */
export function optimizerStateName(parameter: string, kind: string): string {
  return `${parameter}.${kind}`;
}
