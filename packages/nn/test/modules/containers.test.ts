import { type Graph, trace } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { EVALUATION, Linear, type Module, ModuleList, Sequential } from '../../src/index.js';

const wide = new Linear(3, 4, { bias: false });
const narrow = new Linear(4, 2, { bias: false });

function traced(body: Parameters<typeof trace>[0]): Graph {
  return trace(body);
}

const names = (module: Module): string[] => module.namedStates().map(({ name }) => name);

describe('Sequential', () => {
  it('gives what each of its modules makes, under its name', () => {
    const net = new Sequential({ a: wide, b: narrow });
    let called: unknown;
    const graph = traced((tracer) => {
      const x = tracer.input('x', [1, 3], 'float32');
      const outputs = net.outputs(x, EVALUATION, 'net');
      called = [...outputs].map(([name, { shape }]) => [name, shape]);
      return Object.fromEntries(outputs);
    });
    expect(called).toEqual([
      ['a', [1, 4]],
      ['b', [1, 2]],
    ]);
    expect(graph.states.map(({ name }) => name)).toEqual(['net.a.weight', 'net.b.weight']);
  });

  it('without modules gives what it is given', () => {
    const graph = traced((tracer) => ({
      y: new Sequential({}).call(tracer.input('x', [1, 3], 'float32'), EVALUATION),
    }));
    expect(graph.outputs.get('y')).toBe(graph.inputs.get('x'));
  });
});

describe('ModuleList', () => {
  const list = new ModuleList(Array.from({ length: 12 }, () => wide));

  it('names its modules by index, in that order', () => {
    expect(names(list)).toEqual(Array.from({ length: 12 }, (_, index) => `${index}.weight`));
  });

  it('applies the one that is called', () => {
    const graph = traced((tracer) => ({
      y: list.callAt(10, tracer.input('x', [1, 3], 'float32'), EVALUATION, 'layers'),
    }));
    expect(graph.states.map(({ name }) => name)).toEqual(['layers.10.weight']);
  });

  it('is no function itself and has no more modules than it was given', () => {
    const call = (body: (x: Parameters<Module['call']>[0]) => ReturnType<Module['call']>) => () =>
      traced((tracer) => ({ y: body(tracer.input('x', [1, 3], 'float32')) }));
    expect(call((x) => list.call(x, EVALUATION))).toThrow('call its entries with callAt');
    expect(call((x) => list.callAt(12, x, EVALUATION, 'layers'))).toThrow(
      'layers has 12 modules but number 12 was called',
    );
  });
});
