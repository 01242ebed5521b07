import { type Graph, trace, type Value } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { Linear, type Mode, Module, ModuleList, Sequential } from '../../src/index.js';

const wide = new Linear(3, 4, { bias: false });
const narrow = new Linear(4, 2, { bias: false });

function traced(body: Parameters<typeof trace>[0]): Graph {
  return trace(body);
}

const names = (module: Module): string[] => module.namedStates().map(({ name }) => name);

describe('Sequential', () => {
  it('returns the output of each module under its name', () => {
    const net = new Sequential({ a: wide, b: narrow });
    let called: unknown;
    const graph = traced((tracer) => {
      const x = tracer.input('x', [1, 3], 'float32');
      const outputs = tracer.within('net', () => net.outputs(x));
      called = [...outputs].map(([name, { shape }]) => [name, shape]);
      return Object.fromEntries(outputs);
    });
    expect(called).toEqual([
      ['a', [1, 4]],
      ['b', [1, 2]],
    ]);
    expect(graph.states.map(({ name }) => name)).toEqual(['net.a.weight', 'net.b.weight']);
  });

  it('returns its input if it has no modules', () => {
    const graph = traced((tracer) => ({
      y: new Sequential({}).call(tracer.input('x', [1, 3], 'float32')),
    }));
    expect(graph.outputs.get('y')).toBe(graph.inputs.get('x'));
  });
});

it('names a module that is held twice by its first path, however deep', () => {
  class Twice extends Module {
    readonly first = new Sequential({ inner: new Sequential({ shared: wide }) });
    readonly second = wide;
    protected forward(x: Value): Value {
      return this.second.call(x);
    }
  }
  const net = new Twice();
  expect(names(net)).toEqual(['first.inner.shared.weight', 'second.weight']);
  const graph = traced((tracer) => ({ y: net.call(tracer.input('x', [1, 3], 'float32')) }));
  expect(graph.states.map(({ name }) => name)).toEqual(['first.inner.shared.weight']);
});

describe('ModuleList', () => {
  const list = new ModuleList(Array.from({ length: 12 }, () => new Linear(3, 4, { bias: false })));

  it('names its modules by index, in that order', () => {
    expect(names(list)).toEqual(Array.from({ length: 12 }, (_, index) => `${index}.weight`));
  });

  it('applies the selected module', () => {
    class Tenth extends Module {
      readonly layers = list;
      protected forward(x: Value): Value {
        return this.layers.at(10).call(x);
      }
    }
    const graph = traced((tracer) => ({ y: new Tenth().call(tracer.input('x', [1, 3], 'float32')) }));
    expect(graph.states.map(({ name }) => name)).toEqual(['layers.10.weight']);
  });

  it('cannot be called and has only its own modules', () => {
    const call = (body: (x: Parameters<Module['call']>[0]) => ReturnType<Module['call']>) => () =>
      traced((tracer) => ({ y: body(tracer.input('x', [1, 3], 'float32')) }));
    expect(call((x) => list.call(x))).toThrow('call its entries');
    expect(() => list.at(12)).toThrow('a ModuleList of 12 modules has none at 12');
  });
});

describe('a module inside another', () => {
  class Outer extends Module {
    readonly seen: boolean[] = [];
    readonly inner = new ModuleList([new Sequential({ narrow })]);
    constructor(private readonly extra: { module: Module } | null = null) {
      super();
    }
    protected forward(x: Value, { training }: Mode): Value {
      this.seen.push(training);
      const y = this.inner.at(0).call(x);
      return this.extra ? this.extra.module.call(y) : y;
    }
  }
  const callOuter = (module: Module, mode?: Mode) =>
    traced((tracer) => ({ y: module.call(tracer.input('x', [1, 4], 'float32'), mode) }));

  it('is named after the property that holds it, at any depth, and inherits the mode', () => {
    const outer = new Sequential({ body: new Outer() });
    expect(callOuter(outer, { training: true }).states.map(({ name }) => name)).toEqual([
      'body.inner.0.narrow.weight',
    ]);
    expect(names(outer)).toEqual(['body.inner.0.narrow.weight']);
    const body = new Outer();
    callOuter(new Sequential({ body }), { training: true });
    callOuter(new Sequential({ body }));
    expect(body.seen).toEqual([true, false]);
  });

  it('needs no property to hold it only if it has no parameters', () => {
    expect(callOuter(new Outer({ module: new Sequential({}) })).states).toHaveLength(1);
    expect(() => callOuter(new Outer({ module: new Linear(2, 2) }))).toThrow(
      'Outer calls a Linear that none of its properties holds',
    );
  });

  it('leaves nothing behind if its forward throws', () => {
    const graph = traced((tracer) => {
      const input = tracer.input('x', [1, 3], 'float32');
      expect(() => new Sequential({ narrow }).call(input)).toThrow();
      return { y: wide.call(input) };
    });
    expect(graph.states.map(({ name }) => name)).toContain('weight');
  });
});
