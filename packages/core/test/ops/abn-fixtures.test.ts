/** The ABN ops, on the reference implementations, against float64 results of PyTorch (tools/oracle/make_abn.py). */
import { describe, it } from 'vitest';
import { evaluateGraph } from '../../src/devices/reference/evaluate.js';
import { abnApply, abnApplyOp } from '../../src/ops/abn_apply.js';
import { abnRunning } from '../../src/ops/abn_running.js';
import { abnStats } from '../../src/ops/abn_stats.js';
import type { Activation } from '../../src/ops/activations.js';
import { rows } from '../../src/shape.js';
import { Tracer } from '../../src/trace/tracer.js';
import type { Value } from '../../src/trace/value.js';
import { readJson, readSafetensors } from '../support/fixtures.js';
import { channelsLast, expectClose, gradientContext } from './harness.js';

interface Case {
  layer: 'abn' | 'inplace';
  activation: Activation;
  activationParam: number;
  shape: number[];
  eps: number;
  momentum: number | null;
  affine: boolean;
  trackRunningStats: boolean;
  training: boolean;
  steps: number;
}

const { cases } = readJson<{ cases: Record<string, Case> }>(new URL('../fixtures/abn/abn.json', import.meta.url));
const { tensors } = readSafetensors(new URL('../fixtures/abn/abn.safetensors', import.meta.url));

function stored(name: string): Float64Array {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`no fixture tensor ${name}`);
  return Float64Array.from(tensor.data, Number);
}

/** Forward, running statistics and the layer's gradients for the cotangent `dz`, as one graph. */
function layerGraph(c: Case) {
  const tracer = new Tracer();
  const width = c.shape[1] ?? 0;
  const [x, dz] = [tracer.input('x', c.shape, 'float32'), tracer.input('dz', c.shape, 'float32')];
  const vector = (name: string) => tracer.state(name, [width], 'float32', 'buffer');
  const affine = c.affine ? { weight: vector('weight'), bias: vector('bias') } : null;
  const running = c.trackRunningStats
    ? { mean: vector('running_mean'), variance: vector('running_var'), batches: tracer.state('batches', [], 'int64', 'buffer') }
    : null;
  const batch = c.training || !running ? abnStats(x) : null;
  const statistics = batch ?? running;
  if (!statistics) throw new Error('no statistics');
  if (c.training && batch && running) {
    const next = abnRunning(running, batch, { momentum: c.momentum, count: rows(c.shape) });
    tracer.assign(running.mean, next.mean);
    tracer.assign(running.variance, next.variance);
    tracer.assign(running.batches, next.batches);
  }
  const attrs = {
    activation: c.activation,
    slope: c.activationParam,
    eps: c.eps,
    scale: c.layer === 'inplace' ? 'abs' : 'plain',
    statistics: batch ? 'batch' : 'fixed',
  } as const;
  tracer.output('z', abnApply(x, statistics, affine, attrs));
  const node = tracer.traced.at(-1);
  if (!node) throw new Error('nothing traced');
  const needs = (index: number): boolean => node.inputs[index] !== null && index !== 1 && index !== 2;
  const rule = abnApplyOp.gradient;
  const diffs = rule?.({ ...gradientContext(tracer, node, [dz], needs), attrs }) ?? [];
  const named: [string, Value | null | undefined][] = [['dx', diffs[0]], ['d_weight', diffs[3]], ['d_bias', diffs[4]]];
  for (const [name, diff] of named) if (diff) tracer.output(name, diff);
  return tracer.finish();
}

describe('ABN against PyTorch', () => {
  it.each(Object.keys(cases))('%s', (name) => {
    const c = cases[name];
    if (!c) throw new Error(name);
    const graph = layerGraph(c);
    let states = new Map(
      graph.states.map((state) => [
        state.name,
        state.name === 'batches' ? Float64Array.of(0) : stored(`${name}/${state.name}`),
      ]),
    );
    for (let step = 0; step < c.steps; step++) {
      const expected = (key: string): Float64Array => stored(`${name}/${step}/${key}`);
      const data = (key: string): Float64Array => channelsLast(c.shape, expected(key));
      const inputs = new Map(['x', 'dz'].map((key) => [key, data(key)]));
      const result = evaluateGraph(graph, inputs, states);
      for (const [key, actual] of result.outputs) {
        expectClose(actual, key === 'z' || key === 'dx' ? data(key) : expected(key), 1e-9);
      }
      states = result.states;
      if (!c.trackRunningStats) continue;
      for (const key of ['running_mean', 'running_var']) {
        expectClose(states.get(key) ?? [], expected(key), 1e-12);
      }
    }
  });
});
