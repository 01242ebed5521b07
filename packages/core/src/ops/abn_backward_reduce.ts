/**
 * The two sums of ABN's backward, per channel over all samples: Σ dy and Σ dy·x̂, with dy = φ′·dz. From the
 * layer's input x, x̂ = (x − μ)/√(σ² + ε). From its output z, y = φ⁻¹(z) and x̂ = (y − β)/s.
 */

import { channels, elements, formatType, rows, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emitAll, outputAt } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import {
  ABN_BACKWARD_OPERANDS,
  type AbnBackwardAttributes,
  type AbnSaved,
  type AbnSums,
  absorbLayer,
  checkChannels,
  savedReader,
} from './support/abn.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';

export const abnBackwardReduceOp: OpDefinition<AbnBackwardAttributes> = {
  name: 'abn_backward_reduce',
  inputs: ABN_BACKWARD_OPERANDS,
  outputs: [
    { name: 'sum_dy', kind: 'float32' },
    { name: 'sum_dy_xhat', kind: 'float32' },
  ],
  infer({ input, inputs }) {
    const [dz, saved] = [input(0), input(1)];
    if (!sameShape(dz.shape, saved.shape)) {
      throw new ShapeError(`dz and saved differ in shape: ${formatType(dz)} and ${formatType(saved)}`);
    }
    checkChannels(saved, inputs.slice(2));
    const vector = { shape: [channels(saved.shape)], dtype: 'float32' } as const;
    return [vector, vector];
  },
  gradient: null,
  overwrites: [],
  absorb: absorbLayer,
  inverses: [],
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: (context, outputs) => streamed(context, outputs, 6 * elements(context.input(0).shape)),
  family: 'statistics',
  reference(context) {
    const { input, output } = context;
    const [dz, saved] = [input(0), input(1)];
    const width = channels(saved.shape);
    for (let c = 0; c < width; c++) {
      const read = savedReader(context, c);
      let sumDy = 0;
      let sumDyXhat = 0;
      for (let row = 0; row < rows(saved.shape); row++) {
        const { dy, xhat } = read(at(saved, row * width + c), at(dz, row * width + c));
        sumDy += dy;
        sumDyXhat += dy * xhat;
      }
      output(0).data[c] = sumDy;
      output(1).data[c] = sumDyXhat;
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/** Σ dy and Σ dy·x̂ of one layer, float32[C]; dz and saved.x must have the same shape. */
export function abnBackwardReduce(
  dz: Value,
  saved: AbnSaved,
  { activation, slope, eps, scale }: Omit<AbnBackwardAttributes, 'from'>,
): AbnSums {
  const outputs = emitAll(
    abnBackwardReduceOp,
    [dz, saved.x, saved.mean, saved.variance, saved.weight, saved.bias],
    { activation, slope, eps, scale, from: 'x' },
  );
  return { dy: outputAt(outputs, 0), dyXhat: outputAt(outputs, 1) };
}
