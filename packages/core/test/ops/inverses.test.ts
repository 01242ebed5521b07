import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Activation, activate, invertActivation, isInvertible } from '../../src/ir/activations.js';
import type { Tracer } from '../../src/ir/tracer.js';
import type { Value } from '../../src/ir/value.js';
import { abnApply, abnApplyOp } from '../../src/ops/abn_apply.js';
import { abnBackwardApply, abnBackwardApplyOp } from '../../src/ops/abn_backward_apply.js';
import { abnBackwardReduce, abnBackwardReduceOp } from '../../src/ops/abn_backward_reduce.js';
import { abnStats } from '../../src/ops/abn_stats.js';
import { activation } from '../../src/ops/activation.js';
import { activationInvert } from '../../src/ops/activation_invert.js';
import { add } from '../../src/ops/add.js';
import { referenceContext } from '../../src/reference/evaluate.js';
import { compute, draw, expectClose, tensor } from './harness.js';

const RELU = { activation: 'relu', slope: 0 } as const;
const invertible: Activation[] = ['identity', 'leaky_relu', 'elu'];
const slope = fc.double({ min: 0.005, max: 2, noNaN: true });

/** Rebuilds operand `index` of the last node by its op's inverse. */
function rebuilt(tracer: Tracer, index: number): Value {
  const node = tracer.traced.at(-1);
  if (!node) throw new Error('nothing traced');
  const inverse = node.op.inverses.find((candidate) => candidate.input === index);
  const types = node.inputs.map((id) => (id === null ? null : tracer.value(id)));
  if (!inverse?.rebuild || !inverse.available(node.attrs, types))
    throw new Error(`${node.op.name} has no inverse for ${index}`);
  const at = (ids: readonly (number | null)[], allowed: readonly number[]) => (i: number) => {
    if (!allowed.includes(i)) throw new Error(`the inverse does not say that it reads ${i}`);
    return tracer.value(ids[i] ?? -1);
  };
  return inverse.rebuild({
    attrs: node.attrs,
    output: at(node.outputs, inverse.fromOutputs),
    input: at(node.inputs, inverse.fromInputs),
  });
}

describe('inverses', () => {
  it.each(invertible)('of %s recovers the input, for any slope', (name) => {
    fc.assert(
      fc.property(slope, fc.double({ min: -12, max: 1e6, noNaN: true }), (value, y) => {
        const attrs = { activation: name, slope: value };
        expect(isInvertible(attrs)).toBe(true);
        expectClose([invertActivation(activate(y, attrs), attrs)], [y], 1e-9);
      }),
    );
  });

  it('do not exist for relu or a slope that is not positive', () => {
    expect(isInvertible(RELU)).toBe(false);
    expect(isInvertible({ activation: 'leaky_relu', slope: 0 })).toBe(false);
    expect(isInvertible({ activation: 'leaky_relu', slope: -0.1 })).toBe(false);
    const z = tensor([1, 2], [1, 2]);
    expect(() => compute({ z }, (v) => ({ y: activationInvert(v.z, RELU) }))).toThrow(
      'activation_invert: relu with slope 0 has no inverse',
    );
  });

  it('are finite where elu saturates', () => {
    const attrs: { activation: Activation; slope: number } = { activation: 'elu', slope: 1 };
    expect(invertActivation(-1, attrs)).toBeCloseTo(Math.log(2 ** -24), 6);
    expect(invertActivation(-1.003, attrs)).toBe(invertActivation(-1, attrs));
    expect(invertActivation(Number.NaN, attrs)).toBeNaN();
  });

  it.each(invertible)('rebuild the input of activation and both terms of add with %s', (name) => {
    const attrs = { activation: name, slope: 0.3 };
    const operands = { a: draw('a', [2, 3, 4]), b: draw('b', [2, 3, 4]) };
    const { x } = compute({ x: operands.a }, (v, tracer) => {
      activation(v.x, attrs);
      return { x: rebuilt(tracer, 0) };
    });
    expectClose(x, operands.a.data);
    for (const [index, term] of [operands.a, operands.b].entries()) {
      const result = compute(operands, (v, tracer) => {
        add(v.a, v.b, attrs);
        return { term: rebuilt(tracer, index) };
      });
      expectClose(result.term, term.data);
    }
  });
});

describe('partial inverses', () => {
  it('rebuild positive values before relu, in activation and both terms of add', () => {
    const operands = { a: draw('a', [2, 3, 4]), b: draw('b', [2, 3, 4]) };
    const { z, x } = compute({ x: operands.a }, (v, tracer) => {
      const z = activation(v.x, RELU);
      return { z, x: rebuilt(tracer, 0) };
    });
    expectWhereActive(z, x, operands.a.data);
    for (const [index, term] of [operands.a, operands.b].entries()) {
      const result = compute(operands, (v, tracer) => {
        const z = add(v.a, v.b, RELU);
        return { z, term: rebuilt(tracer, index) };
      });
      expectWhereActive(result.z, result.term, term.data);
    }
  });
});

function expectWhereActive(z: Float64Array, rebuilt: Float64Array, expected: Float64Array): void {
  const active = (values: Float64Array) => values.filter((_, index) => z[index] !== 0);
  expect(active(z).length).toBeGreaterThan(5);
  expect(active(z).length).toBeLessThan(z.length - 5);
  expectClose(active(rebuilt), active(expected));
}

describe('ABN backward reading z instead of x', () => {
  const layers = invertible.flatMap((name) =>
    (['batch', 'fixed'] as const).map((statistics) => ({ name, statistics })),
  );

  it.each(layers)('gives the same sums and dx with $name, $statistics statistics', ({ name, statistics }) => {
    const attrs = { activation: name, slope: 0.2, eps: 1e-4, scale: 'abs', statistics } as const;
    const operands = {
      x: draw('x', [3, 4, 5], 1, 2),
      dz: draw('dz', [3, 4, 5]),
      weight: tensor([4], [0.7, -1.1, 0, -0.2]),
      bias: draw('bias', [4]),
    };
    const results = (['x', 'z'] as const).map((from) =>
      compute(operands, (v, tracer) => {
        const { mean, variance } = abnStats(v.x);
        const z = abnApply(v.x, { mean, variance }, { weight: v.weight, bias: v.bias }, attrs);
        const layer = tracer.traced.at(-1);
        if (!layer) throw new Error('nothing traced');
        const saved = { x: v.x, mean, variance, weight: v.weight, bias: v.bias };
        const sums = abnBackwardReduce(v.dz, saved, attrs);
        const dx = abnBackwardApply(v.dz, saved, statistics === 'batch' ? sums : null, null, attrs);
        if (from === 'x') return { dy: sums.dy, dyXhat: sums.dyXhat, dx };
        // Like the rebuild pass: the same nodes with absorbed attributes, and z instead of x.
        const [reduce, apply] = tracer.traced.slice(-2).map((node) => {
          const absorbed = node.op.absorb?.(node.attrs, 1, layer);
          if (!absorbed) throw new Error(`${node.op.name} does not absorb`);
          expect(layer.outputs[absorbed.output]).toBe(z.id);
          const inputs = node.inputs.map((id, index) =>
            id === null ? null : index === 1 ? z : tracer.value(id),
          );
          return tracer.emit(node.op, inputs, absorbed.attrs);
        });
        const [dy, dyXhat, dxFromZ] = [reduce?.[0], reduce?.[1], apply?.[0]];
        if (!dy || !dyXhat || !dxFromZ) throw new Error('outputs are missing');
        return { dy, dyXhat, dx: dxFromZ };
      }),
    );
    const [fromX, fromZ] = results;
    expectClose(fromZ?.dx ?? [], fromX?.dx ?? [], 1e-9);
    expectClose(fromZ?.dy ?? [], fromX?.dy ?? [], 1e-9);
    expectClose(fromZ?.dyXhat ?? [], fromX?.dyXhat ?? [], 1e-9);
  });

  it('supports γ of either sign with fixed statistics, and gives no gradient to a γ that z hides', () => {
    const attrs = { ...RELU, eps: 1e-4, scale: 'plain', from: 'z' } as const;
    const weight = [0.7, -1.1, 0, 2 ** -24, -(2 ** -22)];
    const bias = [0.3, 0.2, 0.5, -1, 1];
    const xhat = [1, -1, 2, 3, -1];
    const vector = (values: readonly number[]) => ({
      shape: [1, 5],
      dtype: 'float32' as const,
      data: Float64Array.from(values),
    });
    const z = xhat.map((value, c) => activate(value * (weight[c] ?? 0) + (bias[c] ?? 0), attrs));
    const results = [1, 2].map(() => ({ ...vector([]), data: new Float64Array(5) }));
    const ones = vector([1, 1, 1, 1, 1]);
    const inputs = [ones, vector(z), ones, ones, vector(weight), vector(bias)];
    abnBackwardReduceOp.reference({ ...referenceContext(attrs, inputs, results), attrs });
    expectClose(results[0]?.data ?? [], [1, 1, 1, 0, 1]);
    expectClose(results[1]?.data ?? [], [1, -1, 0, 0, -1]);
  });

  it('is possible for relu and a plain γ if the statistics are fixed', () => {
    const attrs = { ...RELU, eps: 1e-5, scale: 'plain' } as const;
    const layer = {
      id: 0,
      op: abnApplyOp,
      attrs: { ...attrs, statistics: 'fixed' },
      inputs: [],
      outputs: [1],
      path: '',
      phase: 'forward',
    } as const;
    const batch = { ...layer, attrs: { ...layer.attrs, statistics: 'batch' } } as const;
    const [inverse] = abnApplyOp.inverses;
    const reduce = { ...attrs, from: 'x' } as const;
    expect(abnBackwardReduceOp.absorb?.(reduce, 1, layer)?.attrs).toEqual({ ...reduce, from: 'z' });
    expect(abnBackwardReduceOp.absorb?.(reduce, 1, batch)).toBeNull();
    const apply = { ...reduce, statistics: 'fixed', count: 6 } as const;
    expect(abnBackwardApplyOp.absorb?.(apply, 1, layer)?.attrs).toEqual({ ...apply, from: 'z' });
    expect(inverse?.available(layer.attrs, [])).toBe(true);
    expect(inverse?.partial(layer.attrs)).toBe(true);
    expect(inverse?.available(batch.attrs, [])).toBe(false);
    expect(inverse?.available({ ...layer.attrs, activation: 'leaky_relu' }, [])).toBe(false);
  });

  it('is not possible for another operand, another layer, or a layer without an inverse', () => {
    const attrs = { activation: 'elu', slope: 1, eps: 1e-5, scale: 'abs', from: 'x' } as const;
    const layer = {
      id: 0,
      op: abnApplyOp,
      attrs: { activation: 'elu', slope: 1, eps: 1e-5, scale: 'abs', statistics: 'batch' },
      inputs: [],
      outputs: [1],
      path: '',
      phase: 'forward',
    } as const;
    const { absorb } = abnBackwardReduceOp;
    expect(absorb?.(attrs, 1, layer)).toEqual({ attrs: { ...attrs, from: 'z' }, output: 0 });
    expect(absorb?.(attrs, 0, layer)).toBeNull();
    expect(absorb?.({ ...attrs, from: 'z' }, 1, layer)).toBeNull();
    expect(absorb?.({ ...attrs, eps: 1e-3 }, 1, layer)).toBeNull();
    expect(absorb?.({ ...attrs, scale: 'plain' }, 1, layer)).toBeNull();
    expect(absorb?.(attrs, 1, { ...layer, attrs: { activation: 'elu', slope: 1 } })).toBeNull();
    const apply = { ...attrs, statistics: 'batch', count: 6 } as const;
    expect(abnBackwardApplyOp.absorb?.(apply, 1, layer)?.attrs).toEqual({ ...apply, from: 'z' });
    const [inverse] = abnApplyOp.inverses;
    const own = { ...layer.attrs, ...RELU } as const;
    expect(inverse?.available(own, [])).toBe(false);
    expect(inverse?.available({ ...own, activation: 'identity' }, [])).toBe(true);
    expect(inverse?.available({ ...own, activation: 'identity', scale: 'plain' }, [])).toBe(false);
  });
});
