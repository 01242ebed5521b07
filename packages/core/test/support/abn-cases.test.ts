import { describe, expect, it } from 'vitest';
import { type AbnCase, type AbnStep, readAbnCases } from './abn-cases.js';

const cases = readAbnCases();

describe('the stored ABN cases', () => {
  it('cover every layer and activation, ranks 2 to 5, and all attributes', () => {
    expect(new Set(cases.map((c) => `${c.layer} ${c.activation}`)).size).toBe(7);
    expect(new Set(cases.map((c) => c.shape.length))).toEqual(new Set([2, 3, 4, 5]));
    for (const flag of ['affine', 'trackRunningStats', 'training'] as const) {
      expect(new Set(cases.map((c) => c[flag]))).toEqual(new Set([true, false]));
    }
    expect(new Set(cases.map((c) => c.gamma))).toEqual(new Set(['positive', 'mixed', 'zero']));
    expect(cases.some((c) => c.momentum === null && c.batches.length === 3)).toBe(true);
  });

  it.each(cases)('$name has tensors of the sizes that its attributes say', (c) => {
    const channels = c.shape[1];
    expect(c.state.weight?.length).toBe(c.affine ? channels : undefined);
    expect(c.state.running_var?.length).toBe(c.trackRunningStats ? channels : undefined);
    const size = c.shape.reduce((a, b) => a * b, 1);
    for (const b of c.batches) {
      expect([b.x.length, b.dz.length, b.z.length, b.dx.length]).toEqual([size, size, size, size]);
      expect(b.d_bias?.length).toBe(c.affine ? channels : undefined);
      expect(b.running_mean?.length).toBe(c.trackRunningStats ? channels : undefined);
    }
  });

  // The in-place layer's backward knows z, not x: this form, which kernels follow, must agree with
  // autograd's.
  it.each(cases.filter((c) => c.layer === 'inplace' && (c.training || !c.trackRunningStats)))(
    '$name: dx, dγ and dβ follow from z and dz alone',
    (c) => {
      for (const b of c.batches) {
        for (let channel = 0; channel < (c.shape[1] ?? 0); channel++) {
          const got = backwardFromOutput(c, b, channel);
          if (c.affine) {
            expect(got.dBias).toBeCloseTo(b.d_bias?.[channel] ?? Number.NaN, 8);
            expect(got.dWeight).toBeCloseTo(b.d_weight?.[channel] ?? Number.NaN, 8);
          }
          got.dx.forEach(([i, value]) => {
            expect(value).toBeCloseTo(b.dx[i] ?? Number.NaN, 7);
          });
        }
      }
    },
  );
});

/** y = φ⁻¹(z), dy = φ′·dz, x̂ = (y − β)/scale, dx = scale/√(σ² + ε) · (dy − mean(dy) − x̂·mean(dy·x̂)). */
function backwardFromOutput(c: AbnCase, b: AbnStep, channel: number) {
  const scale = c.affine ? Math.abs(c.state.weight?.[channel] ?? Number.NaN) + c.eps : 1;
  const beta = c.affine ? (c.state.bias?.[channel] ?? Number.NaN) : 0;
  const at = indicesOf(c.shape, channel);
  const x = at.map((i) => b.x[i] ?? Number.NaN);
  const mean = average(x);
  const variance = average(x.map((v) => (v - mean) ** 2));
  const points = at.map((i) => {
    const [y, slope] = invert(c, b.z[i] ?? Number.NaN);
    return { i, dy: slope * (b.dz[i] ?? Number.NaN), xhat: (y - beta) / scale };
  });
  const meanDy = average(points.map((p) => p.dy));
  const meanDot = average(points.map((p) => p.dy * p.xhat));
  const factor = scale / Math.sqrt(variance + c.eps);
  return {
    dBias: meanDy * at.length,
    dWeight: ((c.state.weight?.[channel] ?? 1) < 0 ? -1 : 1) * meanDot * at.length,
    dx: points.map((p) => [p.i, factor * (p.dy - meanDy - p.xhat * meanDot)] as const),
  };
}

/** y and φ′(y) from z. */
function invert(c: AbnCase, z: number): [number, number] {
  if (z > 0 || c.activation === 'identity') return [z, 1];
  if (c.activation === 'elu') return [Math.log1p(z / c.activationParam), z + c.activationParam];
  return [z / c.activationParam, c.activationParam];
}

/** Flat indices of a channel's elements in N,C,S… order. */
function indicesOf(shape: readonly number[], channel: number): number[] {
  const [n = 1, channels = 1, ...spatial] = shape;
  const area = spatial.reduce((a, b) => a * b, 1);
  return Array.from({ length: n * area }, (_, k) => {
    const image = Math.floor(k / area);
    return (image * channels + channel) * area + (k % area);
  });
}

function average(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
