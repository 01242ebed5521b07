/** Stops the step, before any update, if a value is NaN or infinite. */
import { NotFiniteError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emitAll } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';

export type GuardFiniteAttributes = {
  /** Name of the value in the error. */
  readonly what: string;
};

export const guardFiniteOp: OpDefinition<GuardFiniteAttributes> = {
  name: 'guard_finite',
  inputs: [{ name: 'value', kind: 'float32' }],
  outputs: [],
  infer: () => [],
  gradient: null,
  overwrites: [],
  effects: { ...PURE, guard: true },
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  cost: streamed,
  reference({ attrs, input }) {
    const bad = input(0).data.find((value) => !Number.isFinite(value));
    if (bad !== undefined) throw new NotFiniteError(`${attrs.what} is not finite (${bad})`);
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * Stops the step, before any update, if an element of `value` (float32) is NaN or infinite. The step then
 * fails with NotFiniteError, "<what> is not finite".
 */
export function guardFinite(value: Value, what: string): void {
  emitAll(guardFiniteOp, [value], { what });
}
