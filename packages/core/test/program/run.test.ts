import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import {
  activation,
  add,
  compile,
  cpu,
  crossEntropy,
  type Device,
  mean,
  mul,
  type OutputArrays,
  type OutputsOf,
  programOf,
  run,
  square,
  Tracer,
  type TypedArray,
  topkCorrect,
  trace,
  UsageError,
  type Value,
} from '../../src/index.js';

describe('run', () => {
  it('computes a function of typed arrays', async () => {
    const { z } = await run(({ x }) => ({ z: activation(x, { activation: 'leaky_relu', slope: 0.5 }) }), {
      x: { shape: [2, 2], data: Float32Array.of(1, -2, 3, -4) },
    });
    expect(z).toEqual(Float32Array.of(1, -1, 3, -2));
  });

  it('computes in bfloat16 on float32 arrays', async () => {
    const inputs = {
      a: { shape: [1, 2], data: Float32Array.of(1, 1) },
      b: { shape: [1, 2], data: Float32Array.of(2 ** -7, 2 ** -12) },
    };
    const { sum } = await run(({ a, b }) => ({ sum: add(a, b) }), inputs, { precision: 'bfloat16' });
    vi.unstubAllEnvs();
    expect(sum).toEqual(Float32Array.of(1 + 2 ** -7, 1));
  });

  it('accepts and returns other dtypes', async () => {
    const { y } = await run(({ x }) => ({ y: x }), {
      x: { shape: [2], dtype: 'int64', data: BigInt64Array.of(1n, -(2n ** 62n)) },
    });
    expect(y).toEqual(BigInt64Array.of(1n, -(2n ** 62n)));
  });
});

describe('compile', () => {
  it('rejects an unsupported precision, naming a supported one', () => {
    const device: Device = Object.create(cpu(), { refuses: { value: () => 'no bfloat16: use float32' } });
    const graph = trace(() => ({}));
    expect(() => compile(graph, device, { precision: 'bfloat16' })).toThrow('no bfloat16: use float32');
    expect(() => compile(graph, device, { precision: 'bfloat16' })).toThrow(UsageError);
  });

  it('knows which precisions this CPU supports', () => {
    const device = cpu();
    expect(device.refuses('float32')).toBeNull();
    expect(device.refuses('bfloat16')).toBeNull();
    expect(device.refuses('float16')).toContain('use float32 or bfloat16');
    expect(device.availableBytes()).toBeGreaterThan(0);
    expect(device.threads).toBeGreaterThanOrEqual(1);
    expect(Object.keys(device.libraries)).toHaveLength(1);
  });
});

describe('outputs', () => {
  it('have the array type of their dtype, by name, without a cast', async () => {
    const graph = trace((tracer) => {
      const x = tracer.input('x', [2, 3], 'float32');
      const labels = tracer.input('labels', [2], 'int32');
      return { loss: crossEntropy(x, labels), correct: topkCorrect(x, labels, [1]), square: square(x) };
    });
    const { outputs } = await programOf(graph).run({
      x: Float32Array.of(0, 9, 0, 9, 0, 0),
      labels: Int32Array.of(1, 1),
    });
    expectTypeOf(outputs.loss).toEqualTypeOf<Float32Array>();
    expectTypeOf(outputs.correct).toEqualTypeOf<Int32Array>();
    expectTypeOf(outputs.square).toEqualTypeOf<Float32Array>();
    expectTypeOf(outputs).not.toHaveProperty('accuracy');
    expect(outputs.correct).toEqual(Int32Array.of(1));
    expect(outputs.loss[0]).toBeCloseTo((Math.log(1 + 2 * Math.exp(-9)) + Math.log(2 + Math.exp(9))) / 2, 4);
  });

  it('of a run have the dtypes of the inputs that they are computed from', async () => {
    const inputs = {
      x: { shape: [1, 2], data: Float32Array.of(1, 2) },
      n: { shape: [1], dtype: 'int32', data: Int32Array.of(3) },
    } as const;
    const { mean: loss, n } = await run(({ x, n }) => ({ mean: mean(mul(x, 2)), n }), inputs);
    expectTypeOf(loss).toEqualTypeOf<Float32Array>();
    expectTypeOf(n).toEqualTypeOf<Int32Array>();
    expect([...loss, ...n]).toEqual([3, 3]);
  });

  it('of values with unknown static dtype are any array, or that of a stated dtype', () => {
    const tracer = new Tracer();
    const value: Value = tracer.within('fc', () => tracer.input('x', [2], 'float32'));
    expectTypeOf<OutputArrays<OutputsOf<{ y: Value }>>['y']>().toEqualTypeOf<TypedArray>();
    expectTypeOf(value.as('float32')).toEqualTypeOf<Value<'float32'>>();
    expect(() => tracer.within('fc', () => value.as('int32'))).toThrow(
      'fc: expected int32 but received %0:float32[2]',
    );
  });
});
