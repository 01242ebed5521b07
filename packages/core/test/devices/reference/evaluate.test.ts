import { describe, expect, it } from 'vitest';
import { Tracer } from '../../../src/ir/tracer.js';
import { add } from '../../../src/ops/add.js';
import { sgd } from '../../../src/ops/sgd.js';
import { evaluateGraph } from '../../../src/reference/evaluate.js';

describe('evaluateGraph', () => {
  function update() {
    const tracer = new Tracer();
    const param = tracer.state('w', [1, 2], 'float32', 'parameter');
    tracer.state('untouched', [1], 'float32', 'buffer');
    const grad = add(param, tracer.input('x', [1, 2], 'float32'));
    const attrs = { momentum: 0, weight_decay: 0, nesterov: false };
    const lr = tracer.input('lr', [], 'float32');
    tracer.assign(param, sgd({ param, grad, momentum: null, lr, clip: null }, attrs).param);
    tracer.output('grad', grad);
    return tracer.finish();
  }

  const inputs = new Map([
    ['x', Float64Array.of(3, 5)],
    ['lr', Float64Array.of(0.5)],
  ]);
  const states = new Map([
    ['w', Float64Array.of(1, 2)],
    ['untouched', Float64Array.of(9)],
  ]);

  it('returns outputs and new states without modifying its arguments', () => {
    const result = evaluateGraph(update(), inputs, states);
    expect([...(result.outputs.get('grad') ?? [])]).toEqual([4, 7]);
    expect([...(result.states.get('w') ?? [])]).toEqual([-1, -1.5]);
    expect([...(result.states.get('untouched') ?? [])]).toEqual([9]);
    expect([...(states.get('w') ?? [])]).toEqual([1, 2]);
    expect(result.values.size).toBe(6);
  });

  it('names a missing tensor and one of the wrong size', () => {
    const graph = update();
    expect(() => evaluateGraph(graph, new Map(), states)).toThrow(
      'expected float32[1,2] for input x but received no elements',
    );
    const short = new Map([...states, ['w', Float64Array.of(1)]]);
    expect(() => evaluateGraph(graph, inputs, short)).toThrow(
      'expected float32[1,2] for state w but received 1 elements',
    );
  });
});
