/** Steps with elementwise ops from trace to CPU: forward, gradient, plan and program. */

import { toFloat64 } from '@inplace-abn/tensor';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile/compile.js';
import type { Graph } from '../../src/ir/graph.js';
import { formatGraph } from '../../src/ir/text.js';
import { trace } from '../../src/ir/tracer.js';
import type { Value } from '../../src/ir/value.js';
import { cpu } from '../../src/native/cpu.js';
import { elementwiseOp } from '../../src/ops/elementwise.js';
import {
  add,
  broadcastAdd,
  exp,
  globalAvgPool,
  linear,
  mean,
  mul,
  relu,
  reshape,
  sigmoid,
  silu,
  square,
  sub,
  tanh,
} from '../../src/ops/functions.js';
import { fuse } from '../../src/passes/fuse.js';
import { gradients } from '../../src/passes/gradient.js';
import { evaluateGraph } from '../../src/reference/evaluate.js';
import { run } from '../../src/run/run.js';
import { LEAKY } from '../support/nets.js';
import { normal } from '../support/prng.js';

const SHAPES = { x: [4, 8, 6, 5], target: [4, 8, 6, 5], scale: [8], fc1: [3, 8], fc2: [8, 3] } as const;
type Values = { [K in keyof typeof SHAPES]: Value };

/**
 * Squeeze-and-excitation, x·sigmoid(fc2(relu(fc1(pool(x))))), with a mean-square loss; loss and gradients.
 */
function gated({ x, target, scale, fc1, fc2 }: Values): Record<string, Value> {
  const images = silu(mul(x, scale));
  const gate = sigmoid(linear(relu(linear(globalAvgPool(images), fc1, null)), fc2, null));
  const loss = mean(square(sub(mul(images, gate), target)));
  const diffs = gradients(loss, [x, scale, fc1, fc2]);
  const named = ['x', 'scale', 'fc1', 'fc2'].map(
    (name, index) => [`d_${name}`, diffs[index] ?? loss] as const,
  );
  return { loss, ...Object.fromEntries(named) };
}

const drawn = (name: keyof typeof SHAPES) => {
  const shape = SHAPES[name];
  return { shape, data: Float32Array.from(normal(name, shape)) };
};
const INPUTS = {
  x: drawn('x'),
  target: drawn('target'),
  scale: drawn('scale'),
  fc1: drawn('fc1'),
  fc2: drawn('fc2'),
};

const graph = trace((tracer) => {
  const input = (name: keyof typeof SHAPES) => tracer.input(name, SHAPES[name], 'float32');
  return gated({
    x: input('x'),
    target: input('target'),
    scale: input('scale'),
    fc1: input('fc1'),
    fc2: input('fc2'),
  });
});

describe('a gated block', () => {
  const data = new Map(
    Object.entries(INPUTS).map(([name, input]) => [name, toFloat64('float32', input.data)]),
  );
  const wanted = evaluateGraph(graph, data, new Map()).outputs;

  it.each([
    ['float32', 1e-5, {}],
    ['float32', 1e-5, { inPlace: false, rebuild: false, fuse: false }],
    ['bfloat16', 0.03, { precision: 'bfloat16' as const }],
  ] as const)('matches the reference loss and gradients in %s, %d', async (_, tolerance, options) => {
    const actual = await run(gated, INPUTS, options);
    for (const [name, values] of wanted) {
      const size = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
      values.forEach((value, i) => {
        const error = Math.abs(Number(actual[name]?.[i]) - value);
        if (!(error < tolerance * 3 * Math.max(size, Math.abs(value)))) {
          expect.fail(`${name}[${i}]: ${actual[name]?.[i]} instead of ${value}`);
        }
      });
    }
  });

  it('is bit-identical in place', async () => {
    expect(await run(gated, INPUTS)).toEqual(await run(gated, INPUTS, { inPlace: false }));
    const { aliases } = compile(graph, cpu());
    expect(aliases.some(({ node, veto }) => node.op === elementwiseOp && veto === null)).toBe(true);
  });
});

describe('neighbors', () => {
  const input = { shape: [2, 8, 6, 5], data: INPUTS.x.data.slice(0, 480) };
  const names = (traced: Graph, options = {}) =>
    compile(traced, cpu(), options).instructions.map(({ node }) => node.op.name);
  const of = (body: (x: Value, gate: Value) => Value) =>
    trace((tracer) => ({
      y: body(tracer.input('x', input.shape, 'float32'), tracer.input('gate', [2, 8], 'float32')),
    }));

  it('fuse into one instruction: a chain of five ops', () => {
    const chain = of((x, gate) => tanh(sub(mul(square(x), gate), exp(x))));
    expect(names(chain, { fuse: false })).toEqual(Array(5).fill('elementwise'));
    expect(names(chain)).toEqual(['elementwise']);
    expect(formatGraph(fuse(chain))).toContain(
      'elementwise(%0, %1) {program: mul(x0,x0) mul(t0,x1) exp(x0) sub(t1,t2) tanh(t3), domain: []}',
    );
  });

  it('fuse with the sum of their result', () => {
    const loss = of((x, gate) => mean(square(sub(x, gate))));
    expect(names(loss)).toEqual(['sum']);
  });

  it('fuse with sums and activations that have dedicated kernels', () => {
    const block = of((x, gate) => relu(add(mul(x, gate), x)));
    expect(names(block, { fold: false })).toEqual(['elementwise']);
    const context = of((x, gate) => square(broadcastAdd(mul(x, 2), reshape(gate, [2, 8, 1, 1]), LEAKY)));
    expect(names(context, { fold: false })).toEqual(['reshape', 'elementwise']);
    const plain = of((x, gate) => relu(broadcastAdd(add(x, x), reshape(gate, [2, 8, 1, 1]))));
    expect(fuse(plain)).toBe(plain);
  });

  it('fuse with a context added at every position, without changing a number', async () => {
    const of = ({ x, gate }: { x: Value; gate: Value }) => ({
      y: tanh(broadcastAdd(exp(x), reshape(gate, [2, 8, 1, 1]), LEAKY)),
    });
    const inputs = { x: input, gate: { shape: [2, 8], data: INPUTS.x.data.slice(0, 16) } };
    expect(await run(of, inputs)).toEqual(await run(of, inputs, { fuse: false }));
  });

  it('do not fuse if a value is read twice, fetched, or broadcast to its reader', () => {
    const twice = of((x) => {
      const y = exp(x);
      return sub(globalAvgPool(y), mean(y, [2, 3]));
    });
    expect(names(twice)).toEqual(['elementwise', 'global_avg_pool', 'sum', 'elementwise']);
    const small = of((x, gate) => mul(x, sigmoid(gate)));
    expect(names(small)).toEqual(['elementwise', 'elementwise']);
    const fetched = trace((tracer) => {
      const y = exp(tracer.input('x', [4], 'float32'));
      return { y, z: square(y) };
    });
    expect(names(fetched)).toEqual(['elementwise', 'elementwise']);
  });

  it('fuse in a training step with the same result, fewer instructions and no more memory', async () => {
    const apart = await run(gated, INPUTS, { fuse: false });
    const together = await run(gated, INPUTS);
    for (const [name, values] of Object.entries(apart)) {
      values.forEach((value, i) => {
        expect(Math.abs(Number(together[name]?.[i]) - Number(value))).toBeLessThan(1e-5);
      });
    }
    const [fewer, more] = [compile(graph, cpu()), compile(graph, cpu(), { fuse: false })];
    expect(fewer.instructions.length).toBeLessThan(more.instructions.length);
    expect(fewer.peak.bytes).toBeLessThanOrEqual(more.peak.bytes);
  });
});

describe('a value computed from another', () => {
  const shapes = { x: [2, 8, 6, 5], gate: [2, 8], bias: [8] } as const;
  const data = (name: keyof typeof shapes) => ({
    shape: shapes[name],
    data: Float32Array.from(normal(name, shapes[name])),
  });
  /** The backward pass reads both h and the value computed from it. */
  const body = (through: (h: Value, bias: Value) => Value) => (v: Record<keyof typeof shapes, Value>) => {
    const h = mul(v.x, v.gate);
    const loss = mean(mul(square(h), square(through(h, v.bias))));
    const [dx, dgate] = gradients(loss, [v.x, v.gate]);
    return { loss, dx: dx ?? loss, dgate: dgate ?? loss };
  };
  const inputs = { x: data('x'), gate: data('gate'), bias: data('bias') };
  const invertedBy = (step: ReturnType<typeof body>) => {
    const traced = trace((tracer) => {
      const input = (name: keyof typeof shapes) => tracer.input(name, shapes[name], 'float32');
      return step({ x: input('x'), gate: input('gate'), bias: input('bias') });
    });
    const { rebuilds } = compile(traced, cpu(), { fuse: false });
    return rebuilds.filter(({ choice }) => choice === 'invert').map(({ through }) => through?.attrs.program);
  };

  it.each<[string, (h: Value, bias: Value) => Value, string[]]>([
    ['sub', (h, bias) => sub(h, bias), ['sub(x0,x1)']],
    ['exp', (h) => exp(h), ['exp(x0)']],
    ['a factor', (h) => mul(h, -0.5), ['mul(x0,-0.5)']],
    ['sigmoid, which saturates', (h) => sigmoid(h), []],
  ])('is inverted for the backward pass: %s', async (_, through, programs) => {
    const step = body(through);
    expect(invertedBy(step)).toEqual(programs);
    const kept = await run(step, inputs, { rebuild: false });
    const rebuilt = await run(step, inputs);
    for (const name of ['loss', 'dx', 'dgate'] as const) {
      const [wanted, got] = [kept, rebuilt].map((outputs) =>
        toFloat64('float32', outputs[name] ?? new Float32Array()),
      );
      const size = wanted?.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) ?? 0;
      wanted?.forEach((value, i) => {
        expect(Math.abs((got?.[i] ?? Number.NaN) - value) / size).toBeLessThan(1e-5);
      });
    }
  });
});
