/**
 * Layers and their gradients on the reference kernels, compared with PyTorch in float64
 * (tools/oracle/make_layers.py).
 */
import type { Shape } from '@inplace-abn/tensor';
import { describe, it } from 'vitest';
import { Tracer } from '../../src/ir/tracer.js';
import type { Value } from '../../src/ir/value.js';
import { activation } from '../../src/ops/activation.js';
import { add } from '../../src/ops/add.js';
import { avgPool } from '../../src/ops/avg_pool.js';
import { type ConvTranspose2dOptions, convTranspose2d } from '../../src/ops/conv_transpose2d.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { groupNorm } from '../../src/ops/group_norm.js';
import { matmul } from '../../src/ops/matmul.js';
import type { PairOption } from '../../src/ops/support/window.js';
import { gradients } from '../../src/passes/gradient.js';
import { evaluateGraph } from '../../src/reference/evaluate.js';
import { readJson } from '../support/fixtures.js';
import { normal } from '../support/prng.js';
import { channelsLast, expectClose } from './harness.js';

interface Attributes extends ConvTranspose2dOptions {
  readonly output_padding?: PairOption;
  readonly eps?: number;
}

interface Case {
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly attrs: Attributes;
  readonly shape: Shape;
  readonly y: readonly number[];
  readonly [gradient: `d_${string}`]: readonly number[];
}

const cases = readJson<Record<string, Case>>(new URL('../fixtures/layers.json', import.meta.url));

type Values = Readonly<Record<string, Value>>;

function need(values: Values, name: string): Value {
  const value = values[name];
  if (!value) throw new Error(`the case has no ${name}`);
  return value;
}

/** Layers by the first part of a case's name. */
const layers: Readonly<Record<string, (values: Values, attrs: Case['attrs']) => Value>> = {
  cotangent(values) {
    const h = conv2d(need(values, 'x'), need(values, 'weight'), null, { padding: 1 });
    const z = activation(h, { activation: 'leaky_relu', slope: 0.1 });
    return add(z, avgPool(z, 3, { stride: 1, padding: 1 }));
  },
  conv_transpose2d(values, { output_padding: outputPadding = 0, ...attrs }) {
    return convTranspose2d(need(values, 'x'), need(values, 'weight'), values.bias ?? null, {
      ...attrs,
      outputPadding,
    });
  },
  group_norm: (values, { groups = 1, eps = 0 }) =>
    groupNorm(need(values, 'x'), groups, values.weight ?? null, values.bias ?? null, { eps }),
  matmul: (values) => matmul(need(values, 'a'), need(values, 'b')),
};

/** Parameters are row-major, activations channels-last. */
function stored(name: string, shape: Shape, logical: ArrayLike<number>): Float64Array {
  return name === 'weight' || name === 'bias' ? Float64Array.from(logical) : channelsLast(shape, logical);
}

function drawn(stream: string, name: string, shape: Shape): Float64Array {
  return stored(name, shape, normal(`${stream}:${name}`, shape));
}

describe('a layer against PyTorch', () => {
  it.each(Object.entries(cases))('%s', (name, { shapes, attrs, shape, y, ...expected }) => {
    const tracer = new Tracer();
    const operands = Object.entries(shapes);
    const values = Object.fromEntries(operands.map(([key, s]) => [key, tracer.input(key, s, 'float32')]));
    const layer = layers[name.split('/', 1)[0] ?? ''];
    if (!layer) throw new Error(`no layer of ${name}`);
    const output = layer(values, attrs);
    tracer.output('y', output);
    const diffs = gradients(output, Object.values(values), tracer.input('cotangent', shape, 'float32'));
    operands.forEach(([key], index) => {
      const diff = diffs[index];
      if (diff) tracer.output(`d_${key}`, diff);
    });
    const inputs = [...operands, ['cotangent', shape] as const];
    const drawnInputs = new Map(inputs.map(([key, s]) => [key, drawn(name, key, s)]));
    const { outputs } = evaluateGraph(tracer.finish(), drawnInputs, new Map());
    expectClose(outputs.get('y') ?? [], channelsLast(shape, y), 1e-10);
    for (const [key, s] of operands) {
      expectClose(outputs.get(`d_${key}`) ?? [], stored(key, s, expected[`d_${key}`] ?? []), 1e-10);
    }
  });
});
