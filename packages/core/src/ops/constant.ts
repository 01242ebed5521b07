/** A tensor filled with one value. */
import { type DType, elements, type Shape } from '@inplace-abn/tensor';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { outputAt } from '../ir/emit.js';
import type { Tracer } from '../ir/tracer.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';

export type ConstantAttributes = {
  readonly value: number;
  readonly shape: readonly number[];
  readonly dtype: DType;
};

export const constantOp: OpDefinition<ConstantAttributes> = {
  name: 'constant',
  inputs: [],
  // The dtype is an attribute. The kind is not `data`, because the precision pass must not lower gradient
  // seeds and other numbers.
  outputs: [{ name: 'out', kind: 'float32' }],
  infer: ({ attrs }) => [{ shape: attrs.shape, dtype: attrs.dtype }],
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
    for (let i = 0; i < elements(out.shape); i++) out.data[i] = attrs.value;
  },
  peerKeeps: KEEPS_NOTHING,
};

/** A tensor of `shape` filled with `value`, like torch.full; default a float32 scalar. */
export function constant(tracer: Tracer, value: number, shape?: Shape): Value<'float32'>;
export function constant<D extends DType>(tracer: Tracer, value: number, shape: Shape, dtype: D): Value<D>;
export function constant(tracer: Tracer, value: number, shape: Shape = [], dtype: DType = 'float32'): Value {
  return outputAt(tracer.emit(constantOp, [], { value, shape, dtype }), 0);
}
