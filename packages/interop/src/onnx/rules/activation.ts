import { type ActivationAttributes, ops } from '@inplace-abn/core';
import { type RuleContext, rule } from '../model/rule.js';

/** φ(x) */
export function activated<A extends ActivationAttributes>(context: RuleContext<A>, x: string): string {
  const { activation, slope } = context.attrs;
  switch (activation) {
    case 'identity':
      return x;
    case 'relu':
      return context.add('Relu', [x]);
    case 'leaky_relu':
      return context.add('LeakyRelu', [x], { alpha: { float: slope } });
    case 'elu':
      return context.add('Elu', [x], { alpha: { float: slope } });
  }
}

export const activationRules = [
  rule(ops.activation, (context) => activated(context, context.input(0))),
  rule(ops.add, (context) => activated(context, context.add('Add', [context.input(0), context.input(1)]))),
  rule(ops.broadcast_add, (context) =>
    activated(context, context.add('Add', [context.input(0), context.input(1)])),
  ),
];
