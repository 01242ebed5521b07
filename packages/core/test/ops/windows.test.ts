/** Convolution, linear and pooling match their definitions, and their backward ops are adjoints. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outputAt } from '../../src/ir/emit.js';
import { avgPool } from '../../src/ops/avg_pool.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { globalAvgPool } from '../../src/ops/global_avg_pool.js';
import { linear } from '../../src/ops/linear.js';
import { maxPool, maxPoolOp } from '../../src/ops/max_pool.js';
import { reduceRows } from '../../src/ops/reduce_rows.js';
import {
  channelsLast,
  compute,
  dot,
  draw,
  emitted,
  expectClose,
  type Operand,
  tensor,
  vectorJacobian,
} from './harness.js';

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

const convolution = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    size: pair(1, 7),
    kernel: pair(1, 3),
    stride: pair(1, 3),
    padding: pair(0, 2),
    dilation: pair(1, 2),
    groups: fc.integer({ min: 1, max: 3 }),
    groupInputs: fc.integer({ min: 1, max: 2 }),
    groupOutputs: fc.integer({ min: 1, max: 2 }),
  })
  .filter(({ size, kernel, padding, dilation }) =>
    [0, 1].every((i) => (size[i] ?? 0) + 2 * (padding[i] ?? 0) > (dilation[i] ?? 0) * ((kernel[i] ?? 0) - 1)),
  );

/** Element (n, c, h, w) of channels-last data; zero in the padding. */
function element({ shape, data }: Operand, n: number, c: number, h: number, w: number): number {
  const [, width = 0, height = 0, columns = 0] = shape;
  if (h < 0 || w < 0 || h >= height || w >= columns) return 0;
  return data[((n * height + h) * columns + w) * width + c] ?? Number.NaN;
}

describe('convolution', () => {
  it('matches a result computed by hand', () => {
    // x is 1 2 3 / 4 5 6 / 7 8 9; the window's rows are 1 0 / 0 −1.
    const operands = {
      x: tensor([1, 1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
      weight: tensor([1, 1, 2, 2], [1, 0, 0, -1]),
      bias: tensor([1], [10]),
    };
    const { y, padded } = compute(operands, (v) => ({
      y: conv2d(v.x, v.weight, v.bias),
      padded: conv2d(v.x, v.weight, null, { padding: 1, stride: 2 }),
    }));
    expect([...y]).toEqual([6, 6, 6, 6]);
    expect([...padded]).toEqual([-1, -3, -7, -4]);
  });

  it('matches its definition, and its gradients are its adjoints', () => {
    fc.assert(
      fc.property(convolution, ({ batch, size, kernel, stride, padding, dilation, groups, ...channels }) => {
        const { groupInputs, groupOutputs } = channels;
        const operands = {
          x: draw('x', [batch, groups * groupInputs, ...size]),
          weight: draw('weight', [groups * groupOutputs, groupInputs, ...kernel]),
        };
        const options = { stride, padding, dilation, groups };
        const { shape } = emitted(operands, (v) => conv2d(v.x, v.weight, null, options));
        const { y } = compute(operands, (v) => ({ y: conv2d(v.x, v.weight, null, options) }));
        const expected = new Float64Array(y.length);
        const [, outputs = 0, height = 0, columns = 0] = shape;
        for (let i = 0; i < y.length; i++) {
          const [o, row] = [i % outputs, Math.floor(i / outputs)];
          const [ow, oh, n] = [
            row % columns,
            Math.floor(row / columns) % height,
            Math.floor(row / columns / height),
          ];
          for (let k = 0; k < groupInputs * kernel[0] * kernel[1]; k++) {
            const [kw, kh] = [k % kernel[1], Math.floor(k / kernel[1]) % kernel[0]];
            const j = Math.floor(k / kernel[1] / kernel[0]);
            const c = Math.floor(o / groupOutputs) * groupInputs + j;
            const [h, w] = [
              oh * stride[0] - padding[0] + kh * dilation[0],
              ow * stride[1] - padding[1] + kw * dilation[1],
            ];
            const tap =
              operands.weight.data[((o * groupInputs + j) * kernel[0] + kh) * kernel[1] + kw] ?? Number.NaN;
            expected[i] = (expected[i] ?? 0) + tap * element(operands.x, n, c, h, w);
          }
        }
        expectClose(y, expected);
        const dy = draw('dy', shape);
        const diffs = vectorJacobian(
          operands,
          ['x', 'weight'],
          (v) => conv2d(v.x, v.weight, null, options),
          dy,
        );
        expectClose([dot(diffs.x ?? [], operands.x.data)], [dot(dy.data, y)], 1e-10);
        expectClose([dot(diffs.weight ?? [], operands.weight.data)], [dot(dy.data, y)], 1e-10);
      }),
      { numRuns: 60 },
    );
  });

  it('of a single pixel equals linear', () => {
    const operands = { x: draw('x', [3, 5]), weight: draw('weight', [4, 5]), bias: draw('bias', [4]) };
    const { y } = compute(operands, (v) => ({ y: linear(v.x, v.weight, v.bias) }));
    const asImages = {
      ...operands,
      x: { ...operands.x, shape: [3, 5, 1, 1] },
      weight: { ...operands.weight, shape: [4, 5, 1, 1] },
    };
    expectClose(compute(asImages, (v) => ({ y: conv2d(v.x, v.weight, v.bias) })).y, y);
    const first = dot(operands.x.data.subarray(0, 5), operands.weight.data.subarray(0, 5));
    expectClose([y[0] ?? 0], [first + (operands.bias.data[0] ?? 0)]);
  });

  it('has the row sums as its bias gradient', () => {
    const dy = tensor([2, 2, 1, 2], [1, 10, 2, 20, 3, 30, 4, 40]);
    expect([...compute({ dy }, (v) => ({ sum: reduceRows(v.dy) })).sum]).toEqual([10, 100]);
  });
});

describe('pooling', () => {
  const maximum = (
    x: Operand,
    options: { kernel: number; stride: number; padding: number; ceil?: boolean },
  ) =>
    compute({ x }, (v, tracer) => {
      maxPool(v.x, options.kernel, options);
      const node = tracer.traced.at(-1);
      const outputs = (node?.outputs ?? []).map((id) => tracer.value(id));
      return { y: outputAt(outputs, 0), index: outputAt(outputs, 1) };
    });

  it('takes the first maximum, and NaN over every number', () => {
    const x = tensor([1, 1, 2, 4], [3, 1, Number.NaN, 9, 3, 2, 5, Number.NaN]);
    const { y, index } = maximum(x, { kernel: 2, stride: 2, padding: 0 });
    expect([...y]).toEqual([3, Number.NaN]);
    expect([...index]).toEqual([0, 0]);
  });

  it('never selects padding and indexes taps in the padded window', () => {
    const x = tensor([1, 1, 2, 2], [-5, -2, -7, Number.NEGATIVE_INFINITY]);
    const { y, index } = maximum(x, { kernel: 2, stride: 2, padding: 1 });
    expect([...y]).toEqual([-5, -2, -7, Number.NEGATIVE_INFINITY]);
    expect([...index]).toEqual([3, 2, 1, 0]);
  });

  it('rounds the size up with ceil', () => {
    const x = tensor([1, 1, 1, 5], [1, 5, 3, 4, 2]);
    const row = (ceil: boolean) =>
      compute({ x }, (v) => ({ y: maxPool(v.x, [1, 2], { stride: [1, 2], ceil }) })).y;
    expect([...row(false)]).toEqual([5, 4]);
    expect([...row(true)]).toEqual([5, 4, 2]);
  });

  it('averages with and without padding', () => {
    const x = tensor([1, 1, 2, 2], [4, 8, 12, 16]);
    const options = { stride: 2, padding: 1 };
    const { counted, inside } = compute({ x }, (v) => ({
      counted: avgPool(v.x, 3, options),
      inside: avgPool(v.x, 3, { ...options, countIncludePad: false }),
    }));
    expectClose(counted, [40 / 9]);
    expectClose(inside, [10]);
  });

  it('has its adjoints as gradients', () => {
    const window = fc
      .record({
        size: pair(3, 7),
        kernel: pair(1, 3),
        stride: pair(1, 3),
        pad: fc.boolean(),
        counted: fc.boolean(),
      })
      .map(({ pad, ...rest }) => ({ ...rest, padding: [pad ? rest.kernel[0] >> 1 : 0, 0] as const }));
    fc.assert(
      fc.property(window, ({ size, kernel, stride, padding, counted }) => {
        const x = draw('x', [2, 3, ...size]);
        const pools = [
          (v: { x: Parameters<typeof avgPool>[0] }) =>
            avgPool(v.x, kernel, { stride, padding, countIncludePad: counted }),
          (v: { x: Parameters<typeof avgPool>[0] }) =>
            maxPool(v.x, kernel, { stride, padding, ceil: counted }),
          (v: { x: Parameters<typeof avgPool>[0] }) => globalAvgPool(v.x),
        ];
        for (const pool of pools) {
          const { y } = compute({ x }, (v) => ({ y: pool(v) }));
          const dy = draw('dy', emitted({ x }, pool).shape);
          const { x: dx = [] } = vectorJacobian({ x }, ['x'], pool, dy);
          expectClose([dot(dx, x.data)], [dot(dy.data, y)], 1e-10);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('averages each image and channel globally', () => {
    const logical = [1, 2, 3, 6, 10, 20, 30, 40, 0, 0, 0, 0, -1, -1, -1, -5];
    const x = { shape: [2, 2, 2, 2], data: channelsLast([2, 2, 2, 2], logical) };
    expect([...compute({ x }, (v) => ({ y: globalAvgPool(v.x) })).y]).toEqual([3, 25, 0, -2]);
  });

  it('declares that PyTorch saves its input and 64-bit indices', () => {
    expect(maxPoolOp.peerKeeps).toEqual({ inputs: [0], outputs: [1], bytesPerElement: 8 });
  });
});
