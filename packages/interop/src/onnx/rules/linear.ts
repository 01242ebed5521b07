import { ops } from '@inplace-abn/core';
import { type RuleContext, rule } from '../model/rule.js';

type MatmulAttributes = {
  readonly transpose_a: boolean;
  readonly transpose_b: boolean;
  readonly sum: boolean;
};

function matrix(context: RuleContext<MatmulAttributes>, index: number, transposed: boolean): string {
  const x = context.input(index);
  if (!transposed) return x;
  const perm = context.shape(index).length === 3 ? [0, 2, 1] : [1, 0];
  return context.add('Transpose', [x], { perm: { ints: perm } });
}

export const linearRules = [
  rule(ops.linear, (context) => context.add('Gemm', context.inputs, { transB: { int: 1 } })),
  rule(ops.matmul, (context) => {
    const { transpose_a, transpose_b, sum } = context.attrs;
    if (sum) return context.refuse('it sums over the batch');
    return context.add('MatMul', [matrix(context, 0, transpose_a), matrix(context, 1, transpose_b)]);
  }),
  rule(ops.softmax, (context) => context.add('Softmax', [context.input(0)], { axis: { int: 1 } })),
  rule(ops.log_softmax, (context) => context.add('LogSoftmax', [context.input(0)], { axis: { int: 1 } })),
];
