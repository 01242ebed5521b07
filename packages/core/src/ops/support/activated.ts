/** Activations as expressions. */
import type { ActivationAttributes } from '../../ir/activations.js';
import { call, type Expression, number } from '../../ir/expression.js';

/** Outputs that autograd saves for φ, by index: the result, from which PyTorch computes φ′. */
export function keptResult({ activation }: ActivationAttributes): readonly number[] {
  return activation === 'identity' ? [] : [0];
}

/** φ(x). */
export function activated(x: Expression, { activation, slope }: ActivationAttributes): Expression {
  switch (activation) {
    case 'identity':
      return x;
    case 'relu':
      return call('relu', x);
    default:
      return call(activation, x, number(slope));
  }
}

/** φ′·dz, given z = φ(x). */
export function activationSlope(
  dz: Expression,
  z: Expression,
  { activation, slope }: ActivationAttributes,
): Expression {
  switch (activation) {
    case 'identity':
      return dz;
    case 'relu':
      return call('relu_diff', dz, z);
    default:
      return call(`${activation}_diff`, dz, z, number(slope));
  }
}
