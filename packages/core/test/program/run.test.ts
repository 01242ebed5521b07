import { describe, expect, it, vi } from 'vitest';
import { activation, add, compile, cpu, type Device, run, trace, UsageError } from '../../src/index.js';

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
    expect(device.libraries.oneDNN).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
