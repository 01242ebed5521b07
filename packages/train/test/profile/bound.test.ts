import { compile, conv2d, cpu, trace } from '@inplace-abn/core';
import { expect, it } from 'vitest';
import { boundOf, planBound } from '../../src/profile/bound.js';

const LIMITS = { bandwidth: 1e12, products: { float32: 1e9 } };

it('counts the products of a convolution in its run, not in the layout of its weights', () => {
  const graph = trace((tracer) => {
    const weight = tracer.state('weight', [32, 16, 3, 3], 'float32', 'parameter');
    return { y: conv2d(tracer.input('x', [1, 16, 8, 8], 'float32'), weight, null, { padding: 1 }) };
  });
  const plan = compile(graph, cpu());
  const flops = 2 * 8 * 8 * 32 * 16 * 9;
  expect(plan.instructions.map(({ part }) => part)).toEqual(['layout', 'run']);
  const [layout, run] = plan.instructions.map((instruction) => boundOf(plan, instruction, LIMITS));
  expect(layout?.flops).toBe(0);
  expect(layout?.bytes).toBeGreaterThanOrEqual(2 * 32 * 16 * 9 * 4);
  expect(run?.flops).toBe(flops);
  expect(planBound(plan, LIMITS)).toBe(flops / LIMITS.products.float32);
});
