/**
 * Gradients of group normalization, with x̂ = (x − μ)·rstd and means over each group of each image:
 *
 *     dx = rstd·(γ·dy − mean(γ·dy) − x̂·mean(γ·dy·x̂))    dγ = Σ dy·x̂    dβ = Σ dy
 */
import { channels, elements, formatType, sameShape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emitAll, outputAt } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { checkGroups, checkVector, forEachInGroups, groupSize, groupVector } from './support/group_norm.js';
import { addAt, at } from './support/reference.js';

export type GroupNormBackwardAttributes = { readonly groups: number };

export const groupNormBackwardOp: OpDefinition<GroupNormBackwardAttributes> = {
  name: 'group_norm_backward',
  inputs: [
    { name: 'dy', kind: 'data' },
    { name: 'x', kind: 'data' },
    { name: 'mean', kind: 'float32' },
    { name: 'rstd', kind: 'float32' },
    { name: 'weight', kind: 'float32', optional: true },
  ],
  outputs: [
    { name: 'dx', kind: 'data' },
    { name: 'dweight', kind: 'float32' },
    { name: 'dbias', kind: 'float32' },
  ],
  infer({ attrs, input, inputs }) {
    const [dy, x] = [input(0), input(1)];
    checkGroups(x, attrs.groups);
    if (!sameShape(dy.shape, x.shape)) {
      throw new ShapeError(`dy and x differ in shape: ${formatType(dy)} and ${formatType(x)}`);
    }
    const statistics = groupVector(x, attrs.groups);
    for (const index of [2, 3]) {
      if (sameShape(input(index).shape, statistics.shape)) continue;
      throw new ShapeError(
        `expected ${formatType(statistics)} of each group but received ${formatType(input(index))}`,
      );
    }
    checkVector(x, inputs[4], 'weight');
    const vector = { shape: [channels(x.shape)], dtype: 'float32' } as const;
    return [x, vector, vector];
  },
  gradient: null,
  overwrites: [
    { output: 0, input: 0 },
    { output: 0, input: 1 },
  ],
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost: (context, outputs) => streamed(context, outputs, 10 * elements(context.input(0).shape)),
  reference({ attrs, input, inputs, output }) {
    const [dy, x, mean, rstd] = [input(0), input(1), input(2), input(3)];
    const [dx, dweight, dbias] = [output(0), output(1), output(2)];
    const size = groupSize(x.shape, attrs.groups);
    const scale = (c: number): number => (inputs[4] ? at(inputs[4], c) : 1);
    const normalized = (i: number, g: number): number => (at(x, i) - at(mean, g)) * at(rstd, g);
    const [sums, products] = [new Float64Array(mean.data.length), new Float64Array(mean.data.length)];
    dweight.data.fill(0);
    dbias.data.fill(0);
    forEachInGroups(x.shape, attrs.groups, (i, g, c) => {
      const xhat = normalized(i, g);
      addAt(dweight, c, at(dy, i) * xhat);
      addAt(dbias, c, at(dy, i));
      sums[g] = (sums[g] ?? 0) + scale(c) * at(dy, i);
      products[g] = (products[g] ?? 0) + scale(c) * at(dy, i) * xhat;
    });
    forEachInGroups(x.shape, attrs.groups, (i, g, c) => {
      const centered = (sums[g] ?? 0) / size + (normalized(i, g) * (products[g] ?? 0)) / size;
      dx.data[i] = at(rstd, g) * (scale(c) * at(dy, i) - centered);
    });
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * Values that the backward pass of group normalization reads in addition to dy. mean and rstd are
 * float32[N,groups], weight float32[C] or null.
 */
export interface GroupNormSaved {
  readonly x: Value;
  readonly mean: Value;
  readonly rstd: Value;
  readonly weight: Value | null;
}

/** ∂loss/∂x with the type of dy, and the gradients of weight and bias, float32[C]. */
export function groupNormBackward(
  dy: Value,
  { x, mean, rstd, weight }: GroupNormSaved,
  groups: number,
): { dx: Value; dweight: Value; dbias: Value } {
  const outputs = emitAll(groupNormBackwardOp, [dy, x, mean, rstd, weight], { groups });
  return { dx: outputAt(outputs, 0), dweight: outputAt(outputs, 1), dbias: outputAt(outputs, 2) };
}
