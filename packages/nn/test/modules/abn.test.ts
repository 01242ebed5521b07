import { type Program, programOf, type Shape, type Tracer, trace } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { ABN, type AbnOptions, InPlaceABN, type Module, Sequential } from '../../src/index.js';

const names = (module: Module): string[] => module.namedStates().map(({ name }) => name);

function traceOf(module: Module, shape: Shape, training = true, within = 'net') {
  return trace((tracer: Tracer) => {
    const x = tracer.input('x', shape, 'float32');
    return { z: tracer.within(within, () => module.call(x, { training })) };
  });
}

describe('states of a layer', () => {
  it('have the names, kinds and dtypes of PyTorch', () => {
    expect(new InPlaceABN(4).namedStates()).toEqual([
      { name: 'weight', shape: [4], dtype: 'float32', kind: 'parameter', role: 'scale' },
      { name: 'bias', shape: [4], dtype: 'float32', kind: 'parameter', role: 'bias' },
      { name: 'running_mean', shape: [4], dtype: 'float32', kind: 'buffer', role: 'zero' },
      { name: 'running_var', shape: [4], dtype: 'float32', kind: 'buffer', role: 'one' },
      { name: 'num_batches_tracked', shape: [], dtype: 'int64', kind: 'buffer', role: 'zero' },
    ]);
  });

  it('omit disabled ones', () => {
    expect(names(new ABN(4, { affine: false }))).toEqual([
      'running_mean',
      'running_var',
      'num_batches_tracked',
    ]);
    expect(names(new ABN(4, { trackRunningStats: false }))).toEqual(['weight', 'bias']);
  });

  it('are those of the trace', () => {
    const graph = traceOf(new Sequential({ bn: new ABN(4) }), [2, 4, 3, 3]);
    expect(graph.states.map(({ name }) => name).sort()).toEqual([
      'net.bn.bias',
      'net.bn.num_batches_tracked',
      'net.bn.running_mean',
      'net.bn.running_var',
      'net.bn.weight',
    ]);
  });
});

describe('running statistics', () => {
  async function after(steps: number, options: AbnOptions, training = true): Promise<Program> {
    const states = {
      'net.weight': Float32Array.of(1),
      'net.bias': Float32Array.of(0),
      'net.running_var': Float32Array.of(1),
    };
    const step = programOf(traceOf(new ABN(1, options), [4, 1], training), { states });
    // Mean 2.5 · k, unbiased variance 5/3 · k².
    for (let k = 1; k <= steps; k++) await step.run({ x: Float32Array.of(k, 2 * k, 3 * k, 4 * k) });
    return step;
  }

  it('are updated by the momentum, with unbiased variance', async () => {
    const step = await after(1, { momentum: 0.25 });
    expect(step.store.read('net.running_mean').data[0]).toBeCloseTo(0.25 * 2.5, 6);
    expect(step.store.read('net.running_var').data[0]).toBeCloseTo(0.75 + (0.25 * 5) / 3, 6);
  });

  it('average all batches with momentum null', async () => {
    const step = await after(3, { momentum: null });
    expect(step.store.read('net.running_mean').data[0]).toBeCloseTo((2.5 * (1 + 2 + 3)) / 3, 5);
    expect(step.store.read('net.running_var').data[0]).toBeCloseTo(((5 / 3) * (1 + 4 + 9)) / 3, 5);
    expect(step.store.read('net.num_batches_tracked').data).toEqual(BigInt64Array.of(3n));
  });

  it('do not change in evaluation', () => {
    expect(traceOf(new ABN(1), [4, 1], false).updates.size).toBe(0);
  });
});

describe('options of a layer', () => {
  it('can be read', () => {
    const { momentum, affine, trackRunningStats, eps, activation, activationParam } = new InPlaceABN(4);
    expect({ momentum, affine, trackRunningStats, eps, activation, activationParam }).toEqual({
      momentum: 0.1,
      affine: true,
      trackRunningStats: true,
      eps: 1e-5,
      activation: 'leaky_relu',
      activationParam: 0.01,
    });
    const bare = new ABN(4, { momentum: null, affine: false, trackRunningStats: false });
    expect([bare.momentum, bare.affine, bare.trackRunningStats]).toEqual([null, false, false]);
  });
});

describe('resetting a layer', () => {
  const contents = ({ store }: Program) =>
    Object.fromEntries([...store.stateDict()].map(([name, { data }]) => [name, Array.from(data, Number)]));
  function moved(options: AbnOptions = {}, training = true): { layer: ABN; step: Program } {
    const layer = new InPlaceABN(2, options);
    const step = programOf(traceOf(layer, [4, 2], training));
    for (const { name, dtype, shape } of step.store.specs) {
      step.store.write(
        name,
        dtype === 'int64' ? BigInt64Array.of(7n) : new Float32Array(shape[0] ?? 1).fill(7),
      );
    }
    return { layer, step };
  }
  const fresh = { 'net.running_mean': [0, 0], 'net.running_var': [1, 1], 'net.num_batches_tracked': [0] };

  it('writes its running statistics, or all of its states, at its path', () => {
    const { layer, step } = moved();
    layer.resetRunningStats(step.store, 'net');
    expect(contents(step)).toEqual({ ...fresh, 'net.weight': [7, 7], 'net.bias': [7, 7] });
    layer.resetParameters(step.store, 'net');
    expect(contents(step)).toEqual({ ...fresh, 'net.weight': [1, 1], 'net.bias': [0, 0] });
    expect(() => layer.resetParameters(step.store, 'other')).toThrow(
      'the store has no state other.running_mean',
    );
  });

  it('skips states that it does not have', () => {
    const bare = moved({ affine: false, trackRunningStats: false });
    bare.layer.resetParameters(bare.step.store, 'net');
    const { layer, step } = moved({}, false);
    layer.resetParameters(step.store, 'net');
    expect(contents(step)).toEqual({
      'net.running_mean': [0, 0],
      'net.running_var': [1, 1],
      'net.weight': [1, 1],
      'net.bias': [0, 0],
    });
  });
});

describe('a layer rejects', () => {
  it('relu in place: it has no inverse', () => {
    expect(() => new InPlaceABN(4, { activation: 'relu' })).toThrow(
      'InPlaceABN cannot use relu: it has no inverse, so the input cannot be rebuilt.',
    );
    expect(() => new ABN(4, { activation: 'relu' })).not.toThrow();
  });

  it.each([0, -0.1, Number.NaN])('a leaky_relu slope of %s in place', (activationParam) => {
    expect(() => new InPlaceABN(4, { activationParam })).toThrow('needs a positive leaky_relu slope');
  });

  it.each([0, -0.1, Number.NaN])('an elu α of %s in place', (activationParam) => {
    expect(() => new InPlaceABN(4, { activation: 'elu', activationParam })).toThrow('needs a positive elu α');
  });

  it('no channels', () => {
    expect(() => new InPlaceABN(0)).toThrow('InPlaceABN: expected at least one channel but received 0');
  });

  it('one sample per channel in training, naming the layer', () => {
    const block = new Sequential({ bn1: new InPlaceABN(4) });
    expect(() => traceOf(block, [1, 4, 1, 1], true, 'mod5')).toThrow(
      /^mod5\.bn1: one sample per channel \(%0:float32\[1,4,1,1\]\)/,
    );
    expect(() => traceOf(block, [1, 4, 1, 1], false, 'mod5')).not.toThrow();
    expect(() => traceOf(new ABN(4, { trackRunningStats: false }), [1, 4], false)).toThrow(
      'one sample per channel',
    );
  });

  it('a mismatch of channels or rank', () => {
    expect(() => traceOf(new ABN(4), [2, 3, 5, 5])).toThrow(
      'net: expected N×4×… but received %0:float32[2,3,5,5]',
    );
    expect(() => traceOf(new ABN(4), [4])).toThrow('net: expected N×4×…');
  });
});
