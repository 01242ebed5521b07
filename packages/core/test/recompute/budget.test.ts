import { describe, expect, it } from 'vitest';
import type { CompileOptions } from '../../src/compile.js';
import { cpu } from '../../src/devices/cpu.js';
import { add } from '../../src/ops/add.js';
import { BudgetError } from '../../src/plan/budget.js';
import type { Plan } from '../../src/plan/plan.js';
import type { Value } from '../../src/trace/value.js';
import { abn, classifierStep, conv, LEAKY, loadStep, type Step } from '../support/nets.js';

const BLOCKS = 6;

/** Post-activation residual blocks: each keeps two values between the passes. */
function residualNet(): Step {
  const block = (x: Value, index: number): Value =>
    x.tracer.within(`block${index}`, () => {
      const inner = abn(conv(x, 'conv1', 8, 3), 'bn1');
      return add(abn(conv(inner, 'conv2', 8, 3), 'bn2', { activation: 'identity', slope: 0 }), x, LEAKY);
    });
  return classifierStep(4, 16, (x) => {
    let value = abn(conv(x, 'stem', 8, 3), 'bn');
    for (let index = 0; index < BLOCKS; index++) value = block(value, index);
    return value;
  });
}

async function train(options: CompileOptions) {
  const { program, store, inputs, plan } = loadStep(residualNet(), cpu(), options);
  const losses: unknown[] = [];
  for (let step = 0; step < 3; step++) losses.push((await program.run(inputs)).outputs.loss?.[0]);
  return { losses, states: store.stateDict(), plan };
}

const recomputed = (plan: Plan): string[] =>
  plan.rebuilds
    .filter(({ choice }) => choice === 'recompute')
    .map(({ producer }) => `${producer?.op} @${producer?.path}`);

describe('a training step in a byte budget', () => {
  it.each([0.8, 0.65, 0.52])('of %d of what it takes at best learns the same, bit for bit', async (share) => {
    const whole = await train({});
    const budget = Math.floor(share * whole.plan.arenaBytes);
    const fitted = await train({ budget });
    expect(fitted.plan.arenaBytes).toBeLessThanOrEqual(budget);
    expect(recomputed(fitted.plan).length).toBeGreaterThan(0);
    expect(fitted.losses).toEqual(whole.losses);
    expect(fitted.states).toEqual(whole.states);
  });

  it('computes nothing again where all fits', async () => {
    const whole = await train({});
    const fitted = await train({ budget: whole.plan.arenaBytes });
    expect(recomputed(fitted.plan)).toEqual([]);
  });

  it('computes again what takes the most bytes away for its price', async () => {
    const { plan } = await train({});
    const fitted = await train({ budget: Math.floor(0.75 * plan.arenaBytes) });
    expect(recomputed(fitted.plan)).toMatchInlineSnapshot(`
      [
        "abn_apply @bn",
        "abn_apply @block0.bn1",
        "abn_apply @block1.bn1",
        "abn_apply @block2.bn1",
      ]
    `);
  });

  it('says what a budget is short of', async () => {
    const { plan } = await train({});
    const error = await train({ budget: 1000 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BudgetError);
    const { whole, least } = error as BudgetError;
    expect(whole).toBe(plan.arenaBytes);
    expect(least).toBeLessThan(0.5 * whole);
    expect(least).toBeGreaterThan(1000);
    expect(String(error)).toMatch(
      /with recomputation about .* at least.*: raise it, or take a smaller batch/,
    );
  });
});
