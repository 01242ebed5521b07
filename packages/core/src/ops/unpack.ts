/** The tensors in a flat vector, as views where possible and copies otherwise. */

import { type DType, elements, formatType, type Shape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emitAll } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { copied } from './support/cost.js';
import { decodeShapes, encodeShapes, flatLayout } from './support/flat.js';

export type UnpackAttributes = {
  /** Rank and dimensions of each tensor, concatenated. */
  readonly shapes: readonly number[];
};

export const unpackOp: OpDefinition<UnpackAttributes> = {
  name: 'unpack',
  inputs: [{ name: 'flat', kind: 'any' }],
  outputs: [{ name: 'x', kind: 'any', variadic: true }],
  infer({ attrs, input }) {
    const [flat, shapes] = [input(0), decodeShapes(attrs.shapes)];
    const { length } = flatLayout(shapes);
    if (flat.shape.length !== 1 || elements(flat.shape) !== length) {
      throw new ShapeError(`expected a vector of ${length} elements but received ${formatType(flat)}`);
    }
    return shapes.map((shape) => ({ shape, dtype: flat.dtype }));
  },
  gradient: null,
  overwrites: [],
  slices({ attrs }) {
    const { begins } = flatLayout(decodeShapes(attrs.shapes));
    return begins.map((begin, output) => ({ input: 0, output, begin, whole: 'input', flat: true }));
  },
  inverses: [],
  absorb: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: copied,
  reference({ attrs, input, outputs }) {
    const { begins } = flatLayout(decodeShapes(attrs.shapes));
    outputs.forEach((tensor, index) => {
      const begin = begins[index] ?? 0;
      tensor.data.set(input(0).data.subarray(begin, begin + elements(tensor.shape)));
    });
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * The tensors of `shapes` that {@link pack} stored in `flat`.
 *
 * @throws ShapeError if `flat` does not have the length of such a vector
 */
export function unpack<D extends DType>(flat: Value<D>, shapes: readonly Shape[]): Value<D>[] {
  const kind = flat.kind === 'gradient' ? 'gradient' : 'activation';
  const kinds = shapes.map(() => kind);
  const parts = emitAll(unpackOp, [flat], { shapes: encodeShapes(shapes) }, { kinds });
  return parts.map((part) => part.as(flat.dtype));
}
