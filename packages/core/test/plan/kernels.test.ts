import { describe, expect, it } from 'vitest';
import type { KernelSpec } from '../../src/devices/device.js';
import { cpu } from '../../src/native/cpu.js';
import { preparedOnce } from '../../src/plan/kernels.js';

const sum = (channels: number, pitch?: number): KernelSpec => {
  const operand = { shape: [2, channels], dtype: 'float32', ...(pitch ? { pitch } : {}) } as const;
  return { op: 'add', attrs: { activation: 'identity' }, inputs: [operand, operand], outputs: [operand] };
};

describe('kernels prepared once', () => {
  it('are shared by equal specifications only', () => {
    const prepare = preparedOnce((spec) => cpu().prepare(spec));
    const kernel = prepare(sum(8));
    expect(prepare(sum(8))).toBe(kernel);
    const others = [
      sum(16),
      sum(8, 12),
      { ...sum(8), constants: [1] },
      { ...sum(8), attrs: { activation: 'relu', slope: 0 } },
    ];
    for (const other of others) expect(prepare(other)).not.toBe(kernel);
    expect(new Set(others.map(prepare)).size).toBe(others.length);
  });
});
