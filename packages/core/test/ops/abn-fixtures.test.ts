/** The ABN ops on the reference kernels, compared with PyTorch in float64 (tools/oracle/make_abn.py). */

import { rows } from '@inplace-abn/tensor';
import { describe, expect, it } from 'vitest';
import { IDENTITY } from '../../src/ir/activations.js';
import { Tracer } from '../../src/ir/tracer.js';
import type { Value } from '../../src/ir/value.js';
import { abnApply, abnApplyOp } from '../../src/ops/abn_apply.js';
import { abnRunning } from '../../src/ops/abn_running.js';
import { abnStats } from '../../src/ops/abn_stats.js';
import { activation } from '../../src/ops/activation.js';
import { gradients } from '../../src/passes/gradient.js';
import { rebuild } from '../../src/passes/rebuild.js';
import { evaluateGraph } from '../../src/reference/evaluate.js';
import { type AbnAttributes, type AbnStep, readAbnCases } from '../support/abn-cases.js';
import { channelsLast, expectClose, gradientContext } from './harness.js';

interface Running {
  mean: Value;
  variance: Value;
  batches: Value;
}

function runningStates(tracer: Tracer, width: number): Running {
  const vector = (name: string) => tracer.state(name, [width], 'float32', 'buffer');
  const batches = tracer.state('batches', [], 'int64', 'buffer');
  return { mean: vector('running_mean'), variance: vector('running_var'), batches };
}

/** The statistics that the layer normalizes with; training also updates the running statistics. */
function statisticsOf(tracer: Tracer, c: AbnAttributes, x: Value, running: Running | null) {
  if (!c.training && running) return { ...running, statistics: 'fixed' as const };
  const batch = abnStats(x);
  if (c.training && running) {
    const next = abnRunning(running, batch, { momentum: c.momentum, count: rows(c.shape) });
    tracer.assign(running.mean, next.mean);
    tracer.assign(running.variance, next.variance);
    tracer.assign(running.batches, next.batches);
  }
  return { ...batch, statistics: 'batch' as const };
}

/** Forward, running statistics, and the layer's gradients for the cotangent `dz`, in one graph. */
function layerGraph(c: AbnAttributes) {
  const tracer = new Tracer();
  const width = c.shape[1] ?? 0;
  const [x, dz] = [tracer.input('x', c.shape, 'float32'), tracer.input('dz', c.shape, 'float32')];
  const parameter = (name: string) => tracer.state(name, [width], 'float32', 'parameter');
  const affine = c.affine ? { weight: parameter('weight'), bias: parameter('bias') } : null;
  const running = c.trackRunningStats ? runningStates(tracer, width) : null;
  const { mean, variance, statistics } = statisticsOf(tracer, c, x, running);
  const attrs = {
    activation: c.activation,
    slope: c.activationParam,
    eps: c.eps,
    scale: c.layer === 'inplace' ? 'abs' : 'plain',
    statistics,
  } as const;
  tracer.output('z', abnApply(x, { mean, variance }, affine, attrs));
  const node = tracer.traced.at(-1);
  if (!node) throw new Error('nothing traced');
  const needs = (index: number): boolean => [0, 3, 4].includes(index) && node.inputs[index] !== null;
  const diffs = abnApplyOp.gradient?.({ ...gradientContext(tracer, node, [dz], needs), attrs });
  for (const [index, name] of ['dx', null, null, 'd_weight', 'd_bias'].entries()) {
    const diff = diffs?.[index];
    if (name && diff) tracer.output(name, diff);
  }
  return tracer.finish();
}

function expectStep(c: AbnAttributes, batch: AbnStep, outputs: ReadonlyMap<string, Float64Array>): void {
  expectClose(outputs.get('z') ?? [], channelsLast(c.shape, batch.z), 1e-9);
  expectClose(outputs.get('dx') ?? [], channelsLast(c.shape, batch.dx), 1e-9);
  expectClose(outputs.get('d_weight') ?? [], batch.d_weight ?? [], 1e-9);
  expectClose(outputs.get('d_bias') ?? [], batch.d_bias ?? [], 1e-9);
}

describe('ABN against PyTorch', () => {
  it.each(readAbnCases())('$name', (c) => {
    const graph = layerGraph(c);
    let states = new Map<string, Float64Array>(
      Object.entries(c.state).map(([name, data]) => [name, Float64Array.from(data ?? [])]),
    );
    states.set('batches', Float64Array.of(0));
    for (const batch of c.batches) {
      const inputs = new Map([
        ['x', channelsLast(c.shape, batch.x)],
        ['dz', channelsLast(c.shape, batch.dz)],
      ]);
      const result = evaluateGraph(graph, inputs, states);
      states = result.states;
      expectStep(c, batch, result.outputs);
      expectClose(states.get('running_mean') ?? [], batch.running_mean ?? [], 1e-12);
      expectClose(states.get('running_var') ?? [], batch.running_var ?? [], 1e-12);
    }
  });
});

describe('ABN with fixed statistics against PyTorch, reading z for x', () => {
  const fixed = readAbnCases().filter(({ training, trackRunningStats }) => !training && trackRunningStats);

  it.each(fixed)('$name', (c) => {
    const { graph, decisions } = rebuild(backwardGraph(c));
    expect(decisions.filter(({ choice }) => choice === 'absorb')).toHaveLength(1);
    const states = new Map(
      Object.entries(c.state).map(([name, data]) => [name, Float64Array.from(data ?? [])]),
    );
    for (const batch of c.batches) {
      const inputs = new Map([
        ['x0', channelsLast(c.shape, batch.x)],
        ['dz', channelsLast(c.shape, batch.dz)],
      ]);
      const zero = (values: Float64Array | undefined) =>
        // With s = γ = 0, z does not depend on x̂, so γ gets no gradient.
        values?.map((value, channel) => (c.layer === 'abn' && c.state.weight?.[channel] === 0 ? 0 : value));
      const { outputs } = evaluateGraph(graph, inputs, states);
      expectStep(c, { ...batch, d_weight: zero(batch.d_weight) }, outputs);
    }
  });
});

/** The layer after another op, as in a training step. */
function backwardGraph(c: AbnAttributes) {
  const tracer = new Tracer();
  const width = c.shape[1] ?? 0;
  const [x0, dz] = [tracer.input('x0', c.shape, 'float32'), tracer.input('dz', c.shape, 'float32')];
  const state = (name: string) => tracer.state(name, [width], 'float32', 'parameter');
  const affine = c.affine ? { weight: state('weight'), bias: state('bias') } : null;
  const x = activation(x0, IDENTITY);
  const z = abnApply(x, { mean: state('running_mean'), variance: state('running_var') }, affine, {
    activation: c.activation,
    slope: c.activationParam,
    eps: c.eps,
    scale: c.layer === 'inplace' ? 'abs' : 'plain',
    statistics: 'fixed',
  });
  const [dx, dWeight, dBias] = gradients(z, [x, ...(affine ? [affine.weight, affine.bias] : [])], dz);
  for (const [name, value] of Object.entries({ z, dx, d_weight: dWeight, d_bias: dBias })) {
    if (value) tracer.output(name, value);
  }
  return tracer.finish();
}
