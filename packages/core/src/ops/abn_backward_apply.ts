/**
 * Gradient of an ABN layer with respect to its input. dy = φ′·dz, and x̂ is computed from the saved x or z as
 * in abn_backward_reduce:
 *
 *     batch statistics:  dx = s/√(σ² + ε) · (dy − Σdy/m − x̂·Σ(dy·x̂)/m)
 *     fixed statistics:  dx = s/√(σ² + ε) · dy
 *
 * With fixed statistics and the identity as φ, neither x nor z is needed.
 */

import { channels, elements, formatType, rows, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, type Operand, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import {
  ABN_BACKWARD_OPERANDS,
  type AbnBackwardAttributes,
  type AbnSaved,
  type AbnSums,
  absorbLayer,
  channelScale,
  checkChannels,
  savedReader,
} from './support/abn.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';

export type AbnBackwardApplyAttributes = AbnBackwardAttributes & {
  readonly statistics: 'batch' | 'fixed';
  /** Samples per channel behind the sums, m; unused if `count` is an operand. */
  readonly count: number;
};

export const abnBackwardApplyOp: OpDefinition<AbnBackwardApplyAttributes> = {
  name: 'abn_backward_apply',
  inputs: [
    ...ABN_BACKWARD_OPERANDS.map((operand): Operand => {
      return operand.name === 'saved' ? { ...operand, optional: true } : operand;
    }),
    { name: 'sum_dy', kind: 'float32', optional: true },
    { name: 'sum_dy_xhat', kind: 'float32', optional: true },
    { name: 'count', kind: 'float32', optional: true },
  ],
  outputs: [{ name: 'dx', kind: 'data', pitched: true }],
  infer({ attrs, input, inputs }) {
    const dz = input(0);
    const saved = needsSaved(attrs) ? input(1) : (inputs[1] ?? dz);
    if (!sameShape(dz.shape, saved.shape)) {
      throw new ShapeError(`dz and saved differ in shape: ${formatType(dz)} and ${formatType(saved)}`);
    }
    checkChannels(saved, inputs.slice(2, 8));
    const sums = [inputs[6], inputs[7]].filter((type) => type);
    const expected = attrs.statistics === 'batch' ? 2 : 0;
    if (sums.length !== expected) {
      throw new ShapeError(
        `expected ${expected} sums with ${attrs.statistics} statistics but received ${sums.length}`,
      );
    }
    return [dz];
  },
  gradient: null,
  overwrites: [
    { output: 0, input: 0 },
    { output: 0, input: 1 },
  ],
  absorb: absorbLayer,
  inverses: [],
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: (context, outputs) => streamed(context, outputs, 6 * elements(context.input(0).shape)),
  family: 'normalization',
  reference(context) {
    const { attrs, inputs, input, output } = context;
    const dz = input(0);
    const saved = inputs[1] ?? dz;
    const width = channels(saved.shape);
    const count = inputs[8] ? at(inputs[8], 0) : attrs.count;
    for (let c = 0; c < width; c++) {
      const read = savedReader(context, c);
      const factor = channelScale(inputs[4], c, attrs) / Math.sqrt(at(input(3), c) + attrs.eps);
      const meanDy = inputs[6] ? at(inputs[6], c) / count : 0;
      const meanDyXhat = inputs[7] ? at(inputs[7], c) / count : 0;
      for (let row = 0; row < rows(saved.shape); row++) {
        const index = row * width + c;
        const { dy, xhat } = read(at(saved, index), at(dz, index));
        const centered = attrs.statistics === 'batch' ? meanDy + xhat * meanDyXhat : 0;
        output(0).data[index] = factor * (dy - centered);
      }
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/** Whether dx depends on the saved x or z: through batch statistics, or through the derivative of φ. */
function needsSaved({
  statistics,
  activation,
}: Pick<AbnBackwardApplyAttributes, 'statistics' | 'activation'>) {
  return statistics === 'batch' || activation !== 'identity';
}

/**
 * ∂loss/∂x of one layer, with the type of dz.
 *
 * @param sums from abnBackwardReduce; null with fixed statistics
 * @param count float32[], samples per channel over all processes; null to use those of dz
 * @throws ShapeError if dz and the saved x differ in shape, or a per-channel operand does not fit them
 */
export function abnBackwardApply(
  dz: Value,
  saved: AbnSaved,
  sums: AbnSums | null,
  count: Value | null,
  { activation, slope, eps, scale }: Omit<AbnBackwardAttributes, 'from'>,
): Value {
  const statistics = sums ? 'batch' : 'fixed';
  return emit(
    abnBackwardApplyOp,
    [
      dz,
      needsSaved({ statistics, activation }) ? saved.x : null,
      saved.mean,
      saved.variance,
      saved.weight,
      saved.bias,
      sums?.dy ?? null,
      sums?.dyXhat ?? null,
      ...(count ? [count] : []),
    ],
    {
      activation,
      slope,
      eps,
      scale,
      from: 'x',
      statistics,
      count: count ? 0 : rows(saved.x.shape),
    },
  );
}
