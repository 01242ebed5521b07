/** The functional forms trace the same graph as the layers. */
import { setWorldGroup } from '@inplace-abn/comm';
import { formatGraph, type Shape, type Tracer, trace, type Value } from '@inplace-abn/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type AbnFunctionOptions,
  type AbnOptions,
  InPlaceABN,
  InPlaceABNSync,
  inplaceAbn,
  inplaceAbnSync,
  type Module,
  type RunningStatistics,
  setActiveGroup,
} from '../../src/index.js';

const SHAPE = [3, 4, 2, 2];
const WORLD = { name: 'world', size: 2 };
const PART = { name: 'part', size: 3 };

function layerGraph(layer: Module, training: boolean): string {
  return formatGraph(
    trace((tracer) => ({ z: layer.call(tracer.input('x', SHAPE, 'float32'), { training }) })),
  );
}

interface Operands {
  readonly weight: Value | null;
  readonly bias: Value | null;
  readonly running: RunningStatistics | null;
}

/** The function's graph, with states named like those of the layer. */
function functionGraph(body: (x: Value, operands: Operands) => Value, options: AbnOptions): string {
  return formatGraph(
    trace((tracer) => {
      const vector = (name: string, kind: 'parameter' | 'buffer') => tracer.state(name, [4], 'float32', kind);
      const x = tracer.input('x', SHAPE, 'float32');
      return { z: body(x, operandsOf(tracer, vector, options)) };
    }),
  );
}

function operandsOf(
  tracer: Tracer,
  vector: (name: string, kind: 'parameter' | 'buffer') => Value,
  { affine = true, trackRunningStats = true }: AbnOptions,
): Operands {
  return {
    weight: affine ? vector('weight', 'parameter') : null,
    bias: affine ? vector('bias', 'parameter') : null,
    running: trackRunningStats
      ? {
          mean: vector('running_mean', 'buffer'),
          variance: vector('running_var', 'buffer'),
          batches: tracer.state('num_batches_tracked', [], 'int64', 'buffer'),
        }
      : null,
  };
}

/** Strips value numbers, which depend on the order of definition, and unused states. */
function nodes(graph: string): string[] {
  const names = new Map(
    [...graph.matchAll(/^state (\S+) (%\d+):/gm)].map(([, name = '', id = '']) => [id, name]),
  );
  const fresh = new Map<string, string>();
  const named = (id: string) => names.get(id) ?? fresh.get(id) ?? `v${fresh.size}`;
  const renamed = graph.replace(/%\d+/g, (id) => {
    const name = named(id);
    if (!names.has(id)) fresh.set(id, name);
    return name;
  });
  return renamed.split('\n').filter((line) => !line.startsWith('state '));
}

const GRAPHS: [string, AbnOptions & AbnFunctionOptions][] = [
  ['the defaults', {}],
  ['elu, other constants', { activation: 'elu', activationParam: 0.5, eps: 1e-3, momentum: 0.3 }],
  ['the cumulative average', { momentum: null }],
  ['no affine parameters', { affine: false }],
  ['no running statistics', { trackRunningStats: false }],
];

describe.each([true, false])('with training %s', (training) => {
  it.each(GRAPHS)('inplaceAbn is InPlaceABN: %s', (_, options) => {
    const graph = functionGraph((x, { weight, bias, running }) => {
      return inplaceAbn(x, weight, bias, running, { ...options, training });
    }, options);
    expect(nodes(graph)).toEqual(nodes(layerGraph(new InPlaceABN(4, options), training)));
  });

  describe('and a world group', () => {
    beforeEach(() => setWorldGroup(WORLD));
    afterEach(() => setWorldGroup(null));

    it.each(GRAPHS)('inplaceAbnSync is InPlaceABNSync: %s', (_, options) => {
      for (const group of [undefined, null, PART]) {
        const graph = functionGraph((x, { weight, bias, running }) => {
          return inplaceAbnSync(x, weight, bias, running, { ...options, training, group });
        }, options);
        expect(nodes(graph)).toEqual(
          nodes(layerGraph(new InPlaceABNSync(4, { ...options, group }), training)),
        );
      }
    });
  });
});

describe('the group of synchronized layers', () => {
  afterEach(() => setWorldGroup(null));
  const groupOf = (layer: Module) => /group: (\w*)/.exec(layerGraph(layer, true))?.[1];

  it('is the world group for null, the default', () => {
    const layer = new InPlaceABNSync(4);
    setWorldGroup(WORLD);
    expect(groupOf(layer)).toBe('world');
    setActiveGroup(layer, PART);
    expect(groupOf(layer)).toBe('part');
    setActiveGroup(layer, null);
    expect(groupOf(layer)).toBe('world');
    setActiveGroup(layer, { name: '', size: 1 });
    expect(groupOf(layer)).toBeUndefined();
  });

  it('causes one warning if it is missing', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    for (let i = 0; i < 2; i++) expect(groupOf(new InPlaceABNSync(4))).toBeUndefined();
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toContain('InPlaceABNSync: no process group is initialized');
    warn.mockRestore();
  });
});

describe('the functions reject', () => {
  const apply = (body: (x: Value, vector: Value) => Value, shape: Shape = SHAPE) =>
    trace((tracer) => ({
      z: body(tracer.input('x', shape, 'float32'), tracer.state('w', [4], 'float32', 'parameter')),
    }));

  it('relu, and slopes that cannot be inverted', () => {
    expect(() => apply((x, w) => inplaceAbn(x, w, w, null, { activation: 'relu' }))).toThrow(
      'inplaceAbn cannot use relu: it has no inverse',
    );
    expect(() => apply((x, w) => inplaceAbnSync(x, w, w, null, { activationParam: 0 }))).toThrow(
      'inplaceAbnSync needs a positive leaky_relu slope',
    );
  });

  it('a weight without a bias, one sample per channel, and a vector', () => {
    expect(() => apply((x, w) => inplaceAbn(x, w, null, null))).toThrow(
      'expected a weight and a bias, or neither',
    );
    expect(() => apply((x, w) => inplaceAbn(x, w, w, null), [1, 4])).toThrow('one sample per channel');
    expect(() => apply((x, w) => inplaceAbn(x, w, w, null), [4])).toThrow('expected N×C×…');
  });

  it('running statistics that are not states in training', () => {
    const body = (x: Value, training: boolean) => {
      const mean = x.tracer.input('mean', [4], 'float32');
      const batches = x.tracer.input('batches', [], 'int64');
      return inplaceAbn(x, null, null, { mean, variance: mean, batches }, { training });
    };
    expect(() => apply((x) => body(x, true))).toThrow('only a state can be assigned');
    expect(() => apply((x) => body(x, false))).not.toThrow();
  });
});
