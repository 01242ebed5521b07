/** ABN and InPlaceABN as modules on the native device in float32, compared with PyTorch in float64. */
import { add, type Graph, type Program, programOf, Tracer } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { type AbnAttributes, type AbnCase, readAbnCases } from '../../../core/test/support/abn-cases.js';
import { toLogical, toStorage } from '../../../core/test/support/layout.js';
import { pullBack } from '../../../core/test/support/pull-back.js';
import { ABN, InPlaceABN } from '../../src/index.js';

function layerOf(c: AbnAttributes): ABN {
  const Layer = c.layer === 'inplace' ? InPlaceABN : ABN;
  const { activation, activationParam, eps, momentum, affine, trackRunningStats } = c;
  return new Layer(c.shape[1] ?? 0, {
    activation,
    activationParam,
    eps,
    momentum,
    affine,
    trackRunningStats,
  });
}

/** The layer, forward and backward. Adding zero makes its input a value that it may overwrite. */
function layerGraph(c: AbnAttributes): Graph {
  const tracer = new Tracer();
  const input = (name: string) => tracer.input(name, c.shape, 'float32');
  const x = tracer.within('before', () => add(input('x'), input('zero')));
  const z = x.tracer.within('layer', () => layerOf(c).call(x, { training: c.training }));
  const [dx, , , dWeight, dBias] = pullBack(z, input('dz'));
  const outputs = { z, dx, d_weight: dWeight, d_bias: dBias };
  for (const [name, value] of Object.entries(outputs)) if (value) tracer.output(name, value);
  return tracer.finish();
}

/**
 * Largest difference, relative to the largest element, whose size bounds float32 rounding in sums.
 */
function relativeError(actual: ArrayLike<number | bigint>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  const values = Array.from(expected);
  const scale = Math.max(...values.map(Math.abs), 1e-3);
  return Math.max(...values.map((value, i) => Math.abs(Number(actual[i]) - value) / scale));
}

/** With two samples per channel dx almost cancels: each of its terms is some thousand times larger. */
const toleranceOf = (c: AbnCase): number => (c.name.endsWith('two-samples') ? 3e-4 : 3e-6);

function expectNear(
  what: string,
  actual: ArrayLike<number | bigint>,
  expected: Float64Array | undefined,
  limit: number,
) {
  if (expected) expect(relativeError(actual, expected), what).toBeLessThan(limit);
}

/** Runs the case's batches in sequence and compares each with PyTorch. */
async function expectCase(c: AbnCase, step: Program): Promise<void> {
  const limit = toleranceOf(c);
  for (const batch of c.batches) {
    const { outputs } = await step.run({
      x: toStorage(c.shape, batch.x),
      zero: new Float32Array(batch.x.length),
      dz: toStorage(c.shape, batch.dz),
    });
    const logical = (name: string) => toLogical(c.shape, Array.from(outputs[name] ?? [], Number));
    expectNear('z', logical('z'), batch.z, limit);
    expectNear('dx', logical('dx'), batch.dx, limit);
    expectNear('d_weight', outputs.d_weight ?? [], batch.d_weight, limit);
    expectNear('d_bias', outputs.d_bias ?? [], batch.d_bias, limit);
    if (!c.trackRunningStats) continue;
    expectNear('running_mean', step.store.read('layer.running_mean').data, batch.running_mean, limit);
    expectNear('running_var', step.store.read('layer.running_var').data, batch.running_var, limit);
  }
  if (c.trackRunningStats && c.training) {
    expect(step.store.read('layer.num_batches_tracked').data).toEqual(
      BigInt64Array.of(BigInt(c.batches.length)),
    );
  }
}

function overwritesItsInput({ plan }: Program): boolean {
  const written = plan.aliases.filter(({ node }) => node.op.name === 'abn_apply');
  return written.some(({ veto }) => veto === null);
}

const statesOf = ({ state }: AbnCase) =>
  Object.fromEntries(
    Object.entries(state).flatMap(([name, data]) => (data ? [[`layer.${name}`, data]] : [])),
  );

const hasFixedStatistics = (c: AbnCase) => !c.training && c.trackRunningStats;

/** Layers that write over their input: in-place ABN, and any with fixed statistics. */
const inPlace = (c: AbnCase) => c.layer === 'inplace' || hasFixedStatistics(c);

/**
 * With γ = 0, the output of an ordinary layer does not depend on the x̂ that it overwrote, so γ gets no
 * gradient.
 */
function frozenAtZero(c: AbnCase): AbnCase {
  const { weight } = c.state;
  if (c.layer === 'inplace' || !hasFixedStatistics(c) || !weight) return c;
  const batches = c.batches.map((batch) => ({
    ...batch,
    d_weight: batch.d_weight?.map((value, channel) => (weight[channel] === 0 ? 0 : value)),
  }));
  return { ...c, batches };
}

const cases = readAbnCases();

describe('the layer, compared with PyTorch', () => {
  it.each(cases)('$name', async (c) => {
    const step = programOf(layerGraph(c), { states: statesOf(c) });
    await expectCase(frozenAtZero(c), step);
    if (inPlace(c)) expect(overwritesItsInput(step)).toBe(true);
  });

  it.each(cases.filter(inPlace))('$name, with its input kept', async (c) => {
    const step = programOf(layerGraph(c), { states: statesOf(c), rebuild: false, inPlace: false });
    await expectCase(c, step);
    expect(overwritesItsInput(step)).toBe(false);
  });
});
