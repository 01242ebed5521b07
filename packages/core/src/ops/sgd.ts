/**
 * One step of torch.optim.SGD with dampening 0:
 *
 *     g = grad·clip + weight_decay·param
 *     buf = momentum·buf + g
 *     d = g + momentum·buf (Nesterov) or buf
 *     param −= lr·d
 *
 * Without a momentum buffer, d = g.
 */

import { elements } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emitAll, outputAt } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { at } from './support/reference.js';
import {
  checkUpdate,
  firstUpdated,
  partialUpdate,
  type UpdateAttributes,
  updateCost,
} from './support/update.js';

/** Hyperparameters of one {@link sgd} update. */
export type SgdRule = {
  /** Factor of the buffer before the gradient is added. Must be 0 without a buffer. */
  readonly momentum: number;
  /** L2 penalty, added to the gradient. */
  readonly weight_decay: number;
  /** True to step by gradient + momentum · buffer instead of by the buffer. */
  readonly nesterov: boolean;
};

export type SgdAttributes = SgdRule & UpdateAttributes;

export const sgdOp: OpDefinition<SgdAttributes> = {
  name: 'sgd',
  inputs: [
    { name: 'param', kind: 'float32' },
    { name: 'grad', kind: 'float32' },
    { name: 'momentum', kind: 'float32', optional: true },
    { name: 'lr', kind: 'float32' },
    { name: 'clip', kind: 'float32', optional: true },
  ],
  outputs: [
    { name: 'param', kind: 'float32' },
    { name: 'momentum', kind: 'float32', optional: true },
  ],
  infer(context) {
    const { attrs, input, inputs } = context;
    const [param, momentum] = [input(0), inputs[2] ?? null];
    checkUpdate(context, [momentum], [input(3), inputs[4] ?? null]);
    if (!momentum && attrs.momentum !== 0) {
      throw new ShapeError(`momentum ${attrs.momentum} needs a momentum buffer`);
    }
    return momentum ? [param, momentum] : [param];
  },
  gradient: null,
  overwrites: [
    { output: 0, input: 0, required: true },
    { output: 1, input: 2, required: true },
  ],
  parts: { update: partialUpdate(), make: null },
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  labels: null,
  effects: PURE,
  cost: (context, outputs) => updateCost(context, outputs, 6),
  reference(context) {
    const { attrs, inputs, input, output } = context;
    const [param, grad, lr] = [input(0), input(1), at(input(3), 0)];
    const clip = inputs[4] ? at(inputs[4], 0) : 1;
    const buffer = inputs[2];
    const first = firstUpdated(context);
    output(0).data.set(param.data);
    if (buffer) output(1).data.set(buffer.data);
    for (let j = 0; j < elements(grad.shape); j++) {
      const i = first + j;
      const g = at(grad, j) * clip + attrs.weight_decay * at(param, i);
      let step = g;
      if (buffer) {
        const next = attrs.momentum * at(buffer, i) + g;
        output(1).data[i] = next;
        step = attrs.nesterov ? g + attrs.momentum * next : next;
      }
      output(0).data[i] = at(param, i) - lr * step;
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/**
 * Operands of one parameter's SGD step. param, grad and momentum have the same shape; lr and clip are
 * float32[].
 */
export interface SgdOperands {
  /** State to update. */
  readonly param: Value;
  /** Gradient of the loss. */
  readonly grad: Value;
  /** The momentum buffer; null only if momentum is 0. */
  readonly momentum: Value | null;
  /** Learning rate. */
  readonly lr: Value;
  /** Factor for the gradient, from clipScale. */
  readonly clip: Value | null;
}

/**
 * The new parameter and momentum buffer, updated in place.
 *
 * @throws ShapeError if gradient or buffer does not have the parameter's shape, if lr or clip is not a
 * scalar, or if momentum is not 0 and there is no buffer
 */
export function sgd(
  { param, grad, momentum, lr, clip }: SgdOperands,
  { momentum: factor, weight_decay, nesterov }: SgdRule,
): {
  /** The parameter after the step, float32. */
  param: Value;
  /** The momentum buffer, of the parameter's shape; null if there is none. */
  momentum: Value | null;
} {
  const outputs = emitAll(sgdOp, [param, grad, momentum, lr, clip], {
    momentum: factor,
    weight_decay,
    nesterov,
    begin: 0,
  });
  return { param: outputAt(outputs, 0), momentum: momentum ? outputAt(outputs, 1) : null };
}
