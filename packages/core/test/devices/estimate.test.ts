import { expect, it } from 'vitest';
import { compile } from '../../src/compile/compile.js';
import { portableCpu } from '../../src/native/cpu.js';
import { abn, classifierStep, conv } from '../support/nets.js';

it('estimates workspaces of convolutions, products and batch normalization', () => {
  const { graph } = classifierStep(4, 8, (x) => abn(conv(conv(x, 'stem', 600, 1), 'conv', 20, 3), 'bn'));
  const { instructions } = compile(graph, portableCpu());
  const estimates = instructions
    .filter(({ kernel }) => kernel.workspaceBytes > 0)
    .map(({ node, kernel }) => `${node.op.name} ${kernel.workspaceBytes}`);
  expect(estimates).toEqual([
    'conv2d 7200',
    'conv2d 1728000',
    'abn_stats 131072',
    'abn_apply 6144',
    'linear 25',
    'linear_backward_data 25',
    'linear_backward_weights 25',
    'abn_backward_reduce 131072',
    'abn_backward_apply 6144',
    'conv2d_backward_data 1728000',
    'conv2d_backward_weights 1728000',
    'conv2d_backward_weights 7200',
  ]);
});
