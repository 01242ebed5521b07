import { describe, expect, it } from 'vitest';
import { Tracer } from '../../src/ir/tracer.js';
import type { Value } from '../../src/ir/value.js';
import { activation } from '../../src/ops/activation.js';
import { add } from '../../src/ops/add.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { maxPool } from '../../src/ops/max_pool.js';
import { sgd } from '../../src/ops/sgd.js';
import { alias } from '../../src/passes/alias.js';
import { LEAKY } from '../support/nets.js';

/** A computed value, which does not share the host input's memory. */
function computed(tracer: Tracer, name: string): Value {
  return maxPool(tracer.input(name, [1, 2, 4, 4], 'float32'), 1);
}

function verdicts(body: (tracer: Tracer) => Record<string, Value>, enabled = true): string[] {
  const tracer = new Tracer();
  for (const [name, value] of Object.entries(body(tracer))) tracer.output(name, value);
  return alias(tracer.finish(), enabled).decisions.map(
    ({ node, input, veto }) => `${node.op.name} over %${input}: ${veto ?? 'in place'}`,
  );
}

describe('alias', () => {
  it('overwrites an input that is not read again', () => {
    expect(verdicts((t) => ({ z: activation(computed(t, 'x'), LEAKY) }))).toEqual([
      'activation over %1: in place',
    ]);
  });

  it.each<[string, (tracer: Tracer) => Record<string, Value>, string]>([
    [
      'a state',
      (t) => ({ z: activation(t.state('w', [1, 2], 'float32', 'parameter'), LEAKY) }),
      'activation over %0: it is a state that outlives the step',
    ],
    [
      'an input',
      (t) => ({ z: activation(t.input('x', [1, 2], 'float32'), LEAKY) }),
      'activation over %0: it is an input from the host',
    ],
    [
      'an output',
      (t) => {
        const y = computed(t, 'x');
        return { y, z: activation(y, LEAKY) };
      },
      'activation over %1: it is an output of the program',
    ],
    [
      'a value that is read later',
      (t) => {
        const y = computed(t, 'x');
        const z = activation(y, LEAKY);
        return { z, pooled: t.within('mod1', () => maxPool(y, 2)) };
      },
      'activation over %1: it is still read by max_pool at mod1',
    ],
    [
      'a value that is both operands',
      (t) => {
        const y = computed(t, 'x');
        return { z: add(y, y) };
      },
      'add over %1: another operand of the node shares its memory',
    ],
  ])('never over %s', (_, body, verdict) => {
    expect(verdicts(body)).toContain(verdict);
  });

  it('overwrites the second term if the first is still read', () => {
    const found = verdicts((t) => {
      const [a, b] = [computed(t, 'a'), computed(t, 'b')];
      return { sum: add(a, b), later: maxPool(a, 2) };
    });
    expect(found).toEqual(['add over %1: it is still read by max_pool at (top)', 'add over %4: in place']);
  });

  it('never overwrites a value of another size', () => {
    const tracer = new Tracer();
    const y = computed(tracer, 'x');
    tracer.output('z', activation(y, LEAKY));
    const graph = tracer.finish();
    const info = graph.values.get(y.id);
    if (!info) throw new Error('lost');
    const values = new Map(graph.values).set(y.id, { ...info, shape: [1, 2, 4, 5] });
    expect(alias({ ...graph, values }).decisions.at(-1)?.veto).toBe('it differs in size');
  });

  it('chains: three writers share the same memory', () => {
    const tracer = new Tracer();
    const y = computed(tracer, 'x');
    const z = activation(activation(activation(y, LEAKY), LEAKY), LEAKY);
    tracer.output('z', z);
    expect(alias(tracer.finish()).regions.get(z.id)?.owner).toBe(y.id);
  });

  it('updates states in place even if disabled', () => {
    const tracer = new Tracer();
    const [param, lr] = [tracer.state('w', [3], 'float32', 'parameter'), tracer.input('lr', [], 'float32')];
    const attrs = { momentum: 0, weight_decay: 0, nesterov: false };
    const grad = tracer.input('g', [3], 'float32');
    const next = sgd({ param, grad, momentum: null, lr, clip: null }, attrs);
    tracer.assign(param, next.param);
    const off = alias(tracer.finish(), false);
    expect(off.regions.get(next.param.id)?.owner).toBe(param.id);
    expect(verdicts((t) => ({ z: activation(computed(t, 'x'), LEAKY) }), false)).toEqual([
      'activation over %1: in-place writing is switched off',
    ]);
  });

  it('rejects an order in which a state is read after its update', () => {
    const tracer = new Tracer();
    const param = tracer.state('w', [2, 2, 1, 1], 'float32', 'parameter');
    const [lr, grad] = [tracer.input('lr', [], 'float32'), tracer.input('g', [2, 2, 1, 1], 'float32')];
    tracer.within('fc', () =>
      sgd({ param, grad, momentum: null, lr, clip: null }, { momentum: 0, weight_decay: 0, nesterov: false }),
    );
    tracer.within('conv', () => conv2d(computed(tracer, 'x'), param, null));
    expect(() => alias(tracer.finish())).toThrow(
      'sgd at fc overwrites a state before conv2d at conv reads it',
    );
  });
});
