/** out = φ(a + b), where b has one value per image and channel, added at every pixel. */

import { channels, type DType, dim, formatType, rows, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { type ActivationAttributes, activate, IDENTITY } from '../ir/activations.js';
import { type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import { call, operand } from '../ir/expression.js';
import type { Value } from '../ir/value.js';
import { activationBackward } from './activation_backward.js';
import { broadcastAddBackward } from './broadcast_add_backward.js';
import { activated, keptResult } from './support/activated.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';
import { SAME_ROW } from './support/row-windows.js';
import { unsought } from './support/unsought.js';
import { checkImages } from './support/window.js';

export const broadcastAddOp: OpDefinition<ActivationAttributes> = {
  name: 'broadcast_add',
  inputs: [
    { name: 'a', kind: 'data' },
    { name: 'b', kind: 'data' },
  ],
  outputs: [{ name: 'out', kind: 'data' }],
  infer({ input }) {
    const [a, b] = [input(0), input(1)];
    checkImages(a, 'a');
    const expected = [dim(a.shape, 0), channels(a.shape), 1, 1];
    if (!sameShape(b.shape, expected)) {
      throw new ShapeError(
        `expected [${expected.join(',')}] for b to match a ${formatType(a)} but received ${formatType(b)}`,
      );
    }
    return [a];
  },
  gradient({ attrs, diff, output, needs }) {
    const d = attrs.activation === 'identity' ? diff(0) : activationBackward(diff(0), output(0), attrs);
    return [needs(0) ? d : null, needs(1) ? broadcastAddBackward(d) : null];
  },
  overwrites: [{ output: 0, input: 0 }],
  rows: () => [SAME_ROW, null],
  inverses: [],
  absorb: null,
  slices: null,
  fusion: {
    elementwise: ({ attrs }) => unsought(activated(call('add', operand(0), operand(1)), attrs)),
    epilogue: null,
    fuse: null,
  },
  parts: null,
  labels: null,
  effects: PURE,
  cost: streamed,
  reference({ attrs, input, output }) {
    const [a, b, out] = [input(0), input(1), output(0)];
    const width = channels(a.shape);
    const area = dim(a.shape, 2) * dim(a.shape, 3);
    for (let row = 0; row < rows(a.shape); row++) {
      const image = Math.floor(row / area);
      for (let c = 0; c < width; c++) {
        const sum = at(a, row * width + c) + at(b, image * width + c);
        out.data[row * width + c] = activate(sum, attrs);
      }
    }
  },
  peerKeeps: (attrs) => ({ inputs: [], outputs: keptResult(attrs) }),
};

/**
 * φ(a + b) with the type of a [N,C,H,W]; b is [N,C,1,1].
 *
 * @throws ShapeError if b has another shape
 */
export function broadcastAdd<D extends DType>(
  a: Value<D>,
  b: Value,
  attrs: ActivationAttributes = IDENTITY,
): Value<D> {
  return emit(broadcastAddOp, [a, b], attrs).as(a.dtype);
}
