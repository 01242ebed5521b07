/** User-defined ops in JavaScript: tracing, planning, running in segments on a device, differentiation. */
import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import type { compile } from '../../src/compile/compile.js';
import { NotFiniteError, ShapeError, UsageError } from '../../src/errors.js';
import { defineOp } from '../../src/host/define-op.js';
import type { Graph } from '../../src/ir/graph.js';
import { Tracer, trace } from '../../src/ir/tracer.js';
import type { Value } from '../../src/ir/value.js';
import { activation } from '../../src/ops/activation.js';
import { add } from '../../src/ops/add.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { guardFinite } from '../../src/ops/guard_finite.js';
import { linear } from '../../src/ops/linear.js';
import { gradients } from '../../src/passes/gradient.js';
import type { Program } from '../../src/program/program.js';
import { programOf } from '../../src/program/program-of.js';
import type { Store } from '../../src/program/store.js';
import { evaluateGraph } from '../../src/reference/evaluate.js';
import { run } from '../../src/run/run.js';
import { expectClose } from '../ops/harness.js';
import { normal } from '../support/prng.js';

const ownReluBackward = defineOp({
  name: 'own_relu_backward',
  inputs: { y: 'data', dy: 'data' },
  run({ y, dy }, dx) {
    for (let i = 0; i < dx.data.length; i++) dx.data[i] = (y.data[i] ?? 0) > 0 ? (dy.data[i] ?? 0) : 0;
  },
  gradient: null,
});

const ownRelu = defineOp({
  name: 'own_relu',
  inputs: { x: 'data' },
  run({ x }, y) {
    for (let i = 0; i < y.data.length; i++) y.data[i] = Math.max(0, x.data[i] ?? 0);
  },
  gradient: (_, { y, dy }) => ({ x: ownReluBackward({ y, dy }) }),
});

const RELU = { activation: 'relu', slope: 0 } as const;
const image = { shape: [2, 3, 4, 5], data: normal('x', [2, 4, 5, 3]) };

function load(graph: Graph, options: Parameters<typeof compile>[2] = {}): { program: Program; store: Store } {
  const program = programOf(graph, options);
  return { program, store: program.store };
}

/** Two convolutions with a ReLU in between; outputs the gradients of both weights. */
function network(relu: (x: Value) => Value): Graph {
  return trace((tracer) => {
    const x = tracer.input('x', image.shape, 'float32');
    const first = tracer.state('first', [4, 3, 3, 3], 'float32', 'parameter');
    const second = tracer.state('second', [2, 4, 3, 3], 'float32', 'parameter');
    const h = tracer.within('relu', () => relu(conv2d(x, first, null, { padding: 1 })));
    const y = conv2d(h, second, null, { padding: 1 });
    const [dFirst, dSecond] = gradients(y, [first, second], tracer.input('dy', y.shape, 'float32'));
    return { y, ...(dFirst && { dFirst }), ...(dSecond && { dSecond }) };
  });
}

async function results(graph: Graph, precision: 'float32' | 'bfloat16' = 'float32') {
  const { program, store } = load(graph, { precision });
  store.write('first', normal('first', [4, 3, 3, 3]));
  store.write('second', normal('second', [2, 4, 3, 3]));
  const { outputs } = await program.run({ x: image.data, dy: normal('dy', [2, 4, 5, 2]) });
  expect(Object.keys(outputs)).toEqual(['y', 'dFirst', 'dSecond']);
  return outputs;
}

afterEach(() => vi.unstubAllEnvs());

describe('a user-defined op', () => {
  it.each(['float32', 'bfloat16'] as const)(
    'matches the built-in op bit for bit, including its gradient: %s',
    async (dtype) => {
      const own = await results(
        network((x) => ownRelu({ x })),
        dtype,
      );
      expect(own).toEqual(
        await results(
          network((x) => activation(x, RELU)),
          dtype,
        ),
      );
    },
  );

  it('gives the same result on the reference device', () => {
    const graph = (relu: (x: Value) => Value) =>
      trace((tracer) => ({ y: relu(tracer.input('x', image.shape, 'float32')) }));
    const y = (of: Graph) =>
      evaluateGraph(of, new Map([['x', Float64Array.from(image.data)]]), new Map()).outputs.get('y');
    expectClose(y(graph((x) => ownRelu({ x }))) ?? [], y(graph((x) => activation(x, RELU))) ?? []);
  });

  it('runs as the first and last node, from inputs to outputs', async () => {
    const twice = await run(({ x }) => ({ y: x && ownRelu({ x: ownRelu({ x }) }) }), { x: image });
    expect(twice.y).toEqual(image.data.map((value) => Math.max(0, value)));
  });

  it('accepts operands of every kind and chooses the kind of its result', async () => {
    const pick = defineOp({
      name: 'pick',
      inputs: { x: 'data', gain: 'float32', labels: 'int32' },
      output: 'float32',
      shape: ({ labels }) => labels,
      run({ x, gain, labels }, y) {
        expectTypeOf(x.data).toEqualTypeOf<Float32Array>();
        expectTypeOf(labels.data).toEqualTypeOf<Int32Array>();
        const [, classes = 0] = x.shape;
        labels.data.forEach((label, row) => {
          y.data[row] = (gain.data[0] ?? 0) * (x.data[row * classes + label] ?? 0);
        });
      },
      gradient: null,
    });
    const inputs = {
      x: { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      gain: { shape: [], data: Float32Array.of(0.5) },
      labels: { shape: [2], dtype: 'int32', data: Int32Array.of(2, 0) },
    } as const;
    const body = (values: { x: Value; gain: Value; labels: Value }) => ({ y: pick(values) });
    for (const precision of ['float32', 'bfloat16'] as const) {
      expect((await run(body, inputs, { precision })).y).toEqual(Float32Array.of(1.5, 2));
    }
  });

  it('is timed, stepped and compared like other instructions', async () => {
    const graph = network((x) => ownRelu({ x }));
    const { program, store } = load(graph);
    store.write('first', normal('first', [4, 3, 3, 3]));
    store.write('second', normal('second', [2, 4, 3, 3]));
    const inputs = { x: image.data, dy: normal('dy', [2, 4, 5, 2]) };
    const { outputs, timings } = await program.run(inputs, { timed: true });
    expect(timings.length).toBe(program.plan.instructions.length);
    for (const [index, { begin, end }] of timings.entries()) {
      expect(begin).toBeGreaterThanOrEqual(timings[index - 1]?.end ?? 0);
      expect(end).toBeGreaterThanOrEqual(begin);
    }
    vi.stubEnv('IABN_DEBUG', '5');
    vi.spyOn(console, 'error').mockImplementation(() => {});
    expect((await program.run(inputs)).outputs).toEqual(outputs);
  });

  it('does not run if a guard before it stops the step', async () => {
    const ran = vi.fn();
    const watched = defineOp({ name: 'watched', inputs: { x: 'data' }, run: ran, gradient: null });
    const { program } = load(
      trace((tracer) => {
        const x = tracer.input('x', [2], 'float32');
        guardFinite(x, 'x');
        return { y: watched({ x: add(x, x) }) };
      }),
    );
    await expect(program.run({ x: Float32Array.of(Number.NaN, 0) })).rejects.toThrow(NotFiniteError);
    expect(ran).not.toHaveBeenCalled();
    await program.run({ x: Float32Array.of(1, 0) });
    expect(ran).toHaveBeenCalledOnce();
  });

  it('adds its module path to errors', async () => {
    const broken = defineOp({
      name: 'broken',
      inputs: { x: 'data' },
      run() {
        throw new RangeError('no luck');
      },
      gradient: null,
    });
    const { program } = load(
      trace((tracer) => {
        const x = tracer.input('x', [2], 'float32');
        return { y: tracer.within('head', () => broken({ x })) };
      }),
    );
    await expect(program.run({ x: new Float32Array(2) })).rejects.toThrow(
      new RangeError('broken at head: no luck'),
    );
  });
});

describe('a mistake in a user-defined op', () => {
  const x = () => new Tracer().input('x', [2, 3], 'float32');
  const rules = { inputs: { x: 'data' }, run: () => {}, gradient: null } as const;

  it.each([
    ['Relu', 'expected an op name of lower-case letters, digits and underscores but received "Relu"'],
    ['conv2d', 'conv2d is a built-in op: choose another name'],
  ])('in its name: %s', (name, message) => {
    expect(() => defineOp({ ...rules, name })).toThrow(new UsageError(message));
  });

  it('in its operands', () => {
    expect(() => defineOp({ ...rules, name: 'none', inputs: {} })).toThrow('none has no operands');
    // @ts-expect-error: an operand is missing
    expect(() => ownReluBackward({ y: x() })).toThrow(
      'own_relu_backward needs the operand dy: call it as own_relu_backward({ y, dy })',
    );
    // @ts-expect-error: an extra operand
    expect(() => ownRelu({ x: x(), slope: x() })).toThrow(
      'own_relu has no operand slope: call it as own_relu({ x })',
    );
    const labels = new Tracer().input('labels', [2], 'int32');
    expect(() => ownRelu({ x: labels })).toThrow(ShapeError);
  });

  it('in its gradient', () => {
    const wrong = defineOp({
      ...rules,
      name: 'wrong',
      gradient: (_, { dy }) => ({ x: linear(dy, weight, null) }),
    });
    const tracer = new Tracer();
    const weight = tracer.input('w', [4, 3], 'float32');
    const given = tracer.input('x', [2, 3], 'float32');
    const y = wrong({ x: given });
    expect(() => gradients(y, [given], y)).toThrow(
      'wrong: expected a gradient of the shape of x %1:float32[2,3]',
    );
    const none = defineOp({ ...rules, name: 'none' })({ x: given });
    expect(() => gradients(none, [given], none)).toThrow('none at (top) has no gradient rule');
  });
});
