/** A vector of numbers known at trace time, such as class weights. */
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { outputAt } from '../ir/emit.js';
import type { Tracer } from '../ir/tracer.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';

export type LiteralAttributes = { readonly values: readonly number[] };

export const literalOp: OpDefinition<LiteralAttributes> = {
  name: 'literal',
  inputs: [],
  outputs: [{ name: 'out', kind: 'float32' }],
  infer({ attrs: { values } }) {
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw new ShapeError(`expected finite numbers but received ${values[bad]} at index ${bad}`);
    return [{ shape: [values.length], dtype: 'float32' }];
  },
  gradient: null,
  overwrites: [],
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: streamed,
  reference({ attrs, output }) {
    const out = output(0);
    for (const [i, value] of attrs.values.entries()) out.data[i] = value;
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * A float32 vector of `values`.
 *
 * @throws ShapeError if a value is not finite
 */
export function literal(tracer: Tracer, values: readonly number[]): Value<'float32'> {
  return outputAt(tracer.emit(literalOp, [], { values: [...values] }), 0).as('float32');
}
