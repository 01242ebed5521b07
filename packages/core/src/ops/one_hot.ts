/**
 * Labels as targets with one channel per class: 1 at the label, 0 elsewhere (torch.nn.functional.one_hot).
 */

import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emit } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { at } from './support/reference.js';

export type OneHotAttributes = {
  readonly classes: number;
  /** Label of positions to ignore. */
  readonly ignore_index: number;
};

export const oneHotOp: OpDefinition<OneHotAttributes> = {
  name: 'one_hot',
  inputs: [{ name: 'labels', kind: 'labels' }],
  outputs: [{ name: 'targets', kind: 'float32' }],
  infer({ attrs: { classes }, input }) {
    const [batch, ...positions] = input(0).shape;
    if (batch === undefined) throw new ShapeError('expected labels [N,…] but received a scalar');
    if (!(Number.isInteger(classes) && classes >= 1)) {
      throw new ShapeError(`expected at least one class but received ${classes}`);
    }
    return [{ shape: [batch, classes, ...positions], dtype: 'float32' }];
  },
  gradient: null,
  overwrites: [],
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: ({ attrs }) => ({ classes: attrs.classes, ignored: attrs.ignore_index }),
  effects: PURE,
  cost: streamed,
  reference({ attrs: { classes, ignore_index }, input, output }) {
    const [labels, targets] = [input(0), output(0)];
    targets.data.fill(0);
    for (let row = 0; row < labels.data.length; row++) {
      const label = at(labels, row);
      if (label !== ignore_index && label >= 0 && label < classes) targets.data[row * classes + label] = 1;
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * Targets float32[N,K,S…] of labels int32 or uint8 [N,S…]: 1 at the label and 0 elsewhere; all 0 where the
 * label is `ignoreIndex` (default −100).
 *
 * @throws ShapeError for scalar labels, or fewer than one class
 */
export function oneHot(labels: Value, classes: number, ignoreIndex = -100): Value<'float32'> {
  return emit(oneHotOp, [labels], { classes, ignore_index: ignoreIndex }).as('float32');
}
