import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CompileOptions, compile } from '../../src/compile/compile.js';
import { formatGraph } from '../../src/ir/text.js';
import type { Value } from '../../src/ir/value.js';
import { cpu } from '../../src/native/cpu.js';
import { add } from '../../src/ops/add.js';
import { BudgetError } from '../../src/plan/budget.js';
import type { Plan } from '../../src/plan/plan.js';
import * as chooser from '../../src/recompute/choose.js';
import { workOf as priceOf } from '../../src/recompute/work.js';
import { abn, classifierStep, conv, LEAKY, loadStep, type Step } from '../support/nets.js';

vi.mock('../../src/recompute/choose.js', { spy: true });

const BLOCKS = 6;

/** Post-activation residual blocks, each of which saves two values for the backward pass. */
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

const workOf = ({ graph, instructions }: Plan): number =>
  instructions.reduce((sum, { node }) => sum + priceOf(graph, node, cpu().balance), 0);

const recomputed = (plan: Plan): string[] =>
  plan.rebuilds
    .filter(({ choice }) => choice === 'recompute')
    .map(({ producer }) => `${producer?.op.name} @${producer?.path}`);

describe('a training step within a memory budget', () => {
  it.each([0.8, 0.65, 0.52])('of %d of the plan without recompute is bit-identical', async (share) => {
    const whole = await train({});
    const budget = Math.floor(share * whole.plan.arenaBytes);
    const fitted = await train({ budget });
    expect(fitted.plan.arenaBytes).toBeLessThanOrEqual(budget);
    expect(recomputed(fitted.plan).length).toBeGreaterThan(0);
    expect(fitted.losses).toEqual(whole.losses);
    expect(fitted.states).toEqual(whole.states);
  });

  it('recomputes without a budget if that costs only a small fraction of the work', async () => {
    const whole = await train({ spare: 0 });
    expect(recomputed(whole.plan)).toEqual([]);
    const arenas = [whole.plan.arenaBytes];
    for (const spare of [0.1, 0.4]) {
      const spared = await train({ spare });
      expect(spared.losses).toEqual(whole.losses);
      expect(spared.states).toEqual(whole.states);
      expect(workOf(spared.plan)).toBeLessThanOrEqual((1 + spare) * workOf(whole.plan));
      arenas.push(spared.plan.arenaBytes);
    }
    expect(arenas).toEqual(arenas.toSorted((a, b) => b - a));
    expect(arenas[2]).toBeLessThan(0.95 * whole.plan.arenaBytes);
  });

  it('does not recompute if everything fits', async () => {
    const whole = await train({});
    const fitted = await train({ budget: whole.plan.arenaBytes });
    expect(recomputed(fitted.plan)).toEqual([]);
  });

  it('recomputes the values that save the most bytes for their cost', async () => {
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

  it('reports by how much a budget is too small', async () => {
    const { plan } = await train({});
    const error = await train({ budget: 1000 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BudgetError);
    const { whole, least } = error as BudgetError;
    expect(whole).toBe(plan.arenaBytes);
    expect(least).toBeLessThan(0.5 * whole);
    expect(least).toBeGreaterThan(1000);
    expect(String(error)).toMatch(/at least about .* with recompute, .*: raise it, or use a smaller batch/);
  });
});

describe('a choice for a budget', () => {
  const step = residualNet();
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plans-'));
    vi.stubEnv('IABN_PLAN_CACHE', join(folder, 'plans'));
  });

  afterEach(() => {
    vi.unstubAllEnvs();
  });

  function planIn(share: number): { plan: Plan; searched: boolean } {
    const choose = vi.mocked(chooser.chooseRecompute).mockClear();
    const { arenaBytes } = compile(step.graph, cpu());
    const plan = compile(step.graph, cpu(), { budget: Math.floor(share * arenaBytes) });
    return { plan, searched: choose.mock.calls.length > 0 };
  }

  it('is cached across processes', () => {
    const first = planIn(0.7);
    expect(first.searched).toBe(true);
    const second = planIn(0.7);
    expect(second.searched).toBe(false);
    expect(formatGraph(second.plan.graph)).toBe(formatGraph(first.plan.graph));
    expect(second.plan.arenaBytes).toBe(first.plan.arenaBytes);
    expect(planIn(0.65).searched).toBe(true);
  });

  it.each(['torn', '{"values":[100000],"each":[]}', '{"values":[],"each":[]}'])(
    'is searched for again if the cache is invalid: %s',
    (text) => {
      const { plan } = planIn(0.7);
      const [file = ''] = readdirSync(join(folder, 'plans'));
      writeFileSync(join(folder, 'plans', file), text);
      const again = planIn(0.7);
      expect(again.searched).toBe(true);
      expect(again.plan.arenaBytes).toBe(plan.arenaBytes);
    },
  );
});
