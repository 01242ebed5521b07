import { describe, expect, it } from 'vitest';
import type { ActivationAttributes } from '../../src/ir/activations.js';
import type { Value } from '../../src/ir/value.js';
import { cpu } from '../../src/native/cpu.js';
import { add } from '../../src/ops/add.js';
import type { ComputeDType } from '../../src/passes/precision.js';
import { auditInversions } from '../../src/run/audit.js';
import { abn, classifierStep, conv, LEAKY, loadStep, type Step } from '../support/nets.js';

const WIDTH = 6;
const IDENTITY: ActivationAttributes = { activation: 'identity', slope: 0 };

/** A layer with a given scale and shift. */
function layer(act = LEAKY): Step {
  return classifierStep(4, 8, (x) => abn(conv(x, 'conv', WIDTH, 3), 'bn', act));
}

function residual(): Step {
  return classifierStep(4, 8, (x) => {
    const stem: Value = abn(conv(x, 'stem', WIDTH, 3), 'bn');
    return x.tracer.within('block', () =>
      add(abn(conv(stem, 'conv', WIDTH, 3), 'bn', IDENTITY), stem, LEAKY),
    );
  });
}

interface Affine {
  readonly weight?: number;
  readonly bias?: number;
}

/** Errors by path, with the scale and shift of every channel of `path` set. */
async function errors(
  step: Step,
  path: string,
  { weight = 1, bias = 0 }: Affine,
  precision: ComputeDType = 'float32',
): Promise<Map<string, number>> {
  const { store, inputs } = loadStep(step, cpu());
  store.write(`${path}.weight`, new Float32Array(WIDTH).fill(weight));
  store.write(`${path}.bias`, new Float32Array(WIDTH).fill(bias));
  const found = await auditInversions(step.graph, cpu(), { states: store.stateDict(), inputs, precision });
  return new Map(found.map(({ path: where, error }) => [where, error]));
}

describe('auditInversions', () => {
  it('rebuilds an ordinary layer up to rounding', async () => {
    expect((await errors(layer(), 'bn', {})).get('bn')).toBeLessThan(2e-7);
    expect((await errors(layer(), 'bn', {}, 'bfloat16')).get('bn')).toBeLessThan(4e-3);
    expect((await errors(layer(), 'bn', {}, 'bfloat16')).get('bn')).toBeGreaterThan(5e-4);
  });

  it.each([1e-1, 1e-2, 1e-3])('grows with |β|/|γ|: β = 1, γ = %d', async (weight) => {
    const [good = 0, coarse = 0] = await Promise.all(
      [
        { weight, bias: 0 },
        { weight, bias: 1 },
      ].map(async (affine) => (await errors(layer(), 'bn', affine)).get('bn')),
    );
    expect(coarse / good).toBeGreaterThan(0.1 / weight);
    expect(coarse / good).toBeLessThan(10 / weight);
  });

  it('is large for elu near −α', async () => {
    const elu: ActivationAttributes = { activation: 'elu', slope: 1 };
    const near = (await errors(layer(elu), 'bn', { bias: 1 })).get('bn') ?? 0;
    const far = (await errors(layer(elu), 'bn', { bias: -12 })).get('bn') ?? 0;
    expect(far).toBeGreaterThan(1000 * near);
  });

  it('omits values without an inverse', async () => {
    const relu: ActivationAttributes = { activation: 'relu', slope: 0 };
    const step = classifierStep(2, 8, (x) => abn(conv(x, 'conv', WIDTH, 3), 'bn', relu, 'plain'));
    const { store, inputs } = loadStep(step, cpu());
    expect(await auditInversions(step.graph, cpu(), { states: store.stateDict(), inputs })).toEqual([]);
  });

  it('measures the terms of residual sums', async () => {
    const found = await errors(residual(), 'block.bn', { weight: 1e-3 }, 'bfloat16');
    expect([...found.keys()].sort()).toEqual(['block', 'block.bn', 'bn']);
    // The term is much smaller than the other, so it is lost in the rounding of their sum.
    expect(found.get('block')).toBeGreaterThan(0.3);
    expect(found.get('bn')).toBeLessThan(4e-3);
  });
});

describe('keep', () => {
  it('keeps the value instead of inverting, and trains as if inversion were off', async () => {
    const choices = (keep?: ReadonlySet<string>) =>
      loadStep(residual(), cpu(), { keep }).plan.rebuilds.map(
        ({ choice, through }) => `${choice} ${through?.path ?? ''}`,
      );
    expect(choices()).toEqual(expect.arrayContaining(['invert block', 'absorb block.bn', 'absorb bn']));
    const kept = choices(new Set(['block', 'bn']));
    expect(kept).toContain('absorb block.bn');
    expect(kept).not.toContain('invert block');
    expect(kept).not.toContain('absorb bn');
    const all = loadStep(residual(), cpu(), { keep: new Set(['block', 'block.bn', 'bn']) });
    const plain = loadStep(residual(), cpu(), { rebuild: false });
    for (const { program, inputs } of [all, plain]) await program.run(inputs);
    expect(all.store.stateDict()).toEqual(plain.store.stateDict());
  });

  it('rejects a path where nothing is inverted', () => {
    expect(() => loadStep(residual(), cpu(), { keep: new Set(['block.bn1']) })).toThrow(
      'nothing is inverted at block.bn1: keep names layers such as bn',
    );
  });
});
