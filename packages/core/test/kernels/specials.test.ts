/** Guarantees of single kernels beyond agreement with the reference. */

import type { Shape } from '@inplace-abn/tensor';
import { describe, expect, it } from 'vitest';
import { NotFiniteError } from '../../src/errors.js';
import { opOf } from '../../src/ops/index.js';
import { normal } from '../support/prng.js';
import {
  type Call,
  callOf,
  type DataType,
  expectAgrees,
  prepare,
  prepareSpec,
  reference,
  runKernel,
  sameBits,
  tensor,
  testedDataTypes,
} from './harness.js';
import { filled } from './operands.js';
import { records } from './records.js';

const DTYPES: readonly DataType[] = testedDataTypes();

describe('abn_stats', () => {
  it.each([2, 17, 64, 200])('computes the variance of data far from zero, %s rows', async (count) => {
    // Alternating 999 and 1001: mean 1000 and variance 1 exactly if the number of rows is even.
    const data = Array.from({ length: count * 17 }, (_, i) => (Math.floor(i / 17) % 2 === 0 ? 999 : 1001));
    const call = { op: 'abn_stats' as const, attrs: {}, inputs: [tensor([count, 17], 'float32', data)] };
    const expected = reference(call);
    const actual = await runKernel(call);
    actual.forEach((output, i) => {
      const wanted = expected[i];
      if (wanted) expectAgrees(output, wanted, 1e-6);
    });
  });

  it('computes it for noise with a different offset per channel', async () => {
    const shape = [300, 5];
    const data = normal('noise', shape).map((value, i) => value + 1000 * (i % 5));
    const call = { op: 'abn_stats' as const, attrs: {}, inputs: [tensor(shape, 'float32', data)] };
    const [, wanted] = reference(call);
    const [, variance] = await runKernel(call);
    if (wanted && variance) expectAgrees(variance, wanted, 1e-4);
    expect(variance?.data.length).toBe(5);
  });

  it.each([
    // Neighboring bfloat16 numbers, with the same exponent and with different ones.
    [128, 129],
    [127.5, 128],
    [-0.99609375, -1],
  ])('is exact for bfloat16 numbers close together, %s and %s', async (a, b) => {
    const rows = 6000;
    const data = Array.from({ length: rows * 17 }, (_, i) => (Math.floor(i / 17) % 2 === 0 ? a : b));
    const inputs = [tensor([rows, 17], 'bfloat16', data)];
    const [mean, variance] = await runKernel({ op: 'abn_stats', attrs: {}, inputs });
    expect([...(mean?.data ?? [])]).toEqual(new Array(17).fill((a + b) / 2));
    expect([...(variance?.data ?? [])]).toEqual(new Array(17).fill(((a - b) / 2) ** 2));
  });

  it.each([2, 4, 16, 64])('computes the variance of bfloat16 noise around %s', async (offset) => {
    const shape = [700, 40];
    const data = normal('noise', shape).map((value) => value + offset);
    const call = { op: 'abn_stats' as const, attrs: {}, inputs: [tensor(shape, 'bfloat16', data)] };
    const [mean, variance] = reference(call);
    const actual = await runKernel(call);
    if (mean && actual[0]) expectAgrees(actual[0], mean, 1e-6);
    if (variance && actual[1]) expectAgrees(actual[1], variance, 1e-5);
    expect(actual).toHaveLength(2);
  });

  it('has variance zero for a constant', async () => {
    const x = tensor([70, 3], 'float32', filled(1234.5)('x', [70, 3]));
    const [mean, variance] = await runKernel({ op: 'abn_stats', attrs: {}, inputs: [x] });
    expect([...(mean?.data ?? [])]).toEqual([1234.5, 1234.5, 1234.5]);
    expect([...(variance?.data ?? [])]).toEqual([0, 0, 0]);
  });
});

describe('abn_backward_weight', () => {
  it.each([
    ['abs', [2, 2, 2, -2, Number.NaN]],
    ['plain', [2, 2, 2, 2, 2]],
  ] as const)('treats a γ of zero as positive, %s', async (scale, expected) => {
    const inputs = [
      [2, 2, 2, 2, 2],
      [0, -0, 1e-30, -1e-30, Number.NaN],
    ].map((values) => tensor([5], 'float32', values));
    const [dweight] = await runKernel({ op: 'abn_backward_weight', attrs: { scale }, inputs });
    expect([...(dweight?.data ?? [])]).toEqual(expected);
  });
});

describe('dropout', () => {
  it.each(DTYPES)('drops exactly what the reference drops, %s', async (dtype) => {
    for (const [p, stream, seed, channelwise] of [
      [0.5, 0, -1, false],
      [0.25, 2 ** 31, 123456789, false],
      [0.9, 7, 0, true],
    ] as const) {
      const inputs = [tensor([3, 70, 9], dtype, filled(1)('x', [3, 70, 9])), tensor([], 'int32', [seed])];
      const call = { op: 'dropout' as const, attrs: { p, stream, channelwise }, inputs };
      const [actual] = await runKernel(call);
      const [expected] = reference(call);
      const kept = (values?: Float64Array) => Array.from(values ?? [], (value) => value !== 0);
      expect(kept(actual?.data)).toEqual(kept(expected?.data));
      expect(kept(actual?.data)).toContain(true);
      expect(kept(actual?.data)).toContain(false);
    }
  });
});

describe('classes', () => {
  const logits = (dtype: DataType) => tensor([4, 3], dtype, normal('logits', [4, 3]));

  it.each(DTYPES)('are never read for labels outside them, %s', async (dtype) => {
    const labels = tensor([4], 'int32', [3, -2147483648, 1, 2147483647]);
    const operands = [logits(dtype), labels];
    const calls: Call[] = [
      { op: 'cross_entropy', attrs: { ignore_index: -100, label_smoothing: 0 }, inputs: operands },
      {
        op: 'cross_entropy_backward',
        attrs: { ignore_index: -100, label_smoothing: 0 },
        inputs: [...operands, tensor([], 'float32', [1])],
      },
      { op: 'topk_correct', attrs: { k: [1, 3] }, inputs: operands },
      {
        op: 'lovasz_softmax',
        attrs: { ignore_index: -100, classes: 'all', per_image: false },
        inputs: operands,
      },
    ];
    for (const call of calls) {
      const [actual] = await runKernel(call);
      const [expected] = reference(call);
      if (actual && expected) expectAgrees(actual, expected);
      expect(actual?.shape).toEqual(expected?.shape);
    }
  });

  it.each(DTYPES)('give bit-identical results for byte and integer labels, %s', async (dtype) => {
    const [classes, rows] = [5, 3000];
    const x = tensor([2, classes, rows / 2], dtype, normal('logits', [2, classes, rows / 2]));
    const ids = Array.from({ length: rows }, (_, row) => (row % 7 === 0 ? 255 : row % (classes + 1)));
    const dloss = tensor([], 'float32', [0.5]);
    const calls = (labels: Call['inputs'][number]): Call[] => [
      { op: 'cross_entropy', attrs: { ignore_index: 255, label_smoothing: 0 }, inputs: [x, labels] },
      {
        op: 'cross_entropy_backward',
        attrs: { ignore_index: 255, label_smoothing: 0 },
        inputs: [x, labels, dloss],
      },
      { op: 'topk_correct', attrs: { k: [1, 2] }, inputs: [x, labels] },
      {
        op: 'lovasz_softmax',
        attrs: { ignore_index: 255, classes: 'present', per_image: true },
        inputs: [x, labels],
      },
    ];
    const wide = calls(tensor([2, rows / 2], 'int32', ids));
    for (const [i, call] of calls(tensor([2, rows / 2], 'uint8', ids)).entries()) {
      const expected = await runKernel(wide[i] ?? call);
      expect(sameBits(await runKernel(call), expected), call.op).toBe(true);
    }
  });

  it('have a mean loss of NaN if no row counts', async () => {
    const inputs = [logits('float32'), tensor([4], 'int32', [-100, -100, -100, -100])];
    const [loss] = await runKernel({
      op: 'cross_entropy',
      attrs: { ignore_index: -100, label_smoothing: 0 },
      inputs,
    });
    expect(loss?.data[0]).toBeNaN();
  });
});

describe('guard_finite', () => {
  const guard = (values: readonly number[]) => {
    const inputs = [tensor([values.length], 'float32', values)];
    return runKernel({ op: 'guard_finite', attrs: { what: 'the loss' }, inputs });
  };

  it.each([
    [Number.NaN, 'the loss is not finite (NaN)'],
    [Number.POSITIVE_INFINITY, 'the loss is not finite (Infinity)'],
    [Number.NEGATIVE_INFINITY, 'the loss is not finite (-Infinity)'],
  ])('stops at %s', async (value, message) => {
    const values = new Array<number>(70).fill(1);
    values[69] = value;
    await expect(guard(values)).rejects.toThrow(NotFiniteError);
    await expect(guard(values)).rejects.toThrow(message);
  });

  it('accepts large numbers', async () => {
    await expect(guard([3.4e38, -3.4e38, 0, -0])).resolves.toEqual([]);
  });
});

describe('large averages', () => {
  const averages = (size: Shape, kernel: Shape, values: ArrayLike<number>): Call => ({
    op: 'avg_pool',
    attrs: { kernel, stride: [1, 1], padding: [0, 0], count_include_pad: true },
    inputs: [tensor([1, 1, ...size], 'float32', values)],
  });

  it('do not carry over values outside the window', async () => {
    // Columns of 1e30, infinity, NaN, then small numbers: a running sum would never recover.
    const values = Array.from(
      { length: 12 * 40 },
      (_, i) => [1e30, Infinity, Number.NaN][i % 40] ?? i / 1000,
    );
    const call = averages([12, 40], [7, 9], values);
    const [actual] = await runKernel(call);
    const [expected] = reference(call);
    const clean = (data?: Float64Array) => data?.filter((_, i) => i % 32 > 2) ?? new Float64Array();
    const shape = [clean(actual?.data).length];
    expect(clean(expected?.data).every(Number.isFinite)).toBe(true);
    expectAgrees(
      { shape, dtype: 'float32', data: clean(actual?.data) },
      { shape, dtype: 'float32', data: clean(expected?.data) },
      1e-6,
    );
  });

  it('are as accurate as sums of a hundred numbers, not thousands', async () => {
    const noise = normal('far from zero', [90 * 88]);
    for (const kernel of [
      [60, 64],
      [90, 88],
    ]) {
      const call = averages(
        [90, 88],
        kernel,
        noise.map((value) => 1000 + value),
      );
      const [actual] = await runKernel(call);
      const [expected] = reference(call);
      if (actual && expected) expectAgrees(actual, expected, 1e-6);
      expect(actual?.shape).toEqual(expected?.shape);
    }
  });
});

describe('no rows', () => {
  it.each([
    'activation',
    'add',
    'broadcast_add',
    'cast',
    'dropout',
    'abn_apply',
    'fuse_predictions',
    'reduce_rows',
    'softmax',
    'softmax_backward',
  ] as const)('%s', async (op) => {
    for (const dtype of DTYPES) {
      const record = records[op][0];
      if (!record) throw new Error(`${op} has no record`);
      const data = opOf(op).inputs.map(({ kind }) => kind === 'data');
      const inputs = record.inputs.map((shape, i) => (shape && data[i] ? [0, ...shape.slice(1)] : shape));
      const call = callOf(op, { ...record, inputs } as typeof record, dtype);
      expect(await runKernel(call)).toEqual(reference(call));
    }
  });
});

describe('the device', () => {
  it('gives bit-identical results in every run', async () => {
    for (const op of ['conv2d_backward_weights', 'abn_backward_reduce', 'clip_scale', 'linear'] as const) {
      const record = records[op].at(-1);
      if (!record) throw new Error(`${op} has no record`);
      const call = callOf(op, record, 'float32');
      expect(await runKernel(call)).toEqual(await runKernel(call));
    }
  });

  it('names an op without a kernel', () => {
    const spec = { op: 'fly', attrs: {}, inputs: [], outputs: [] };
    expect(() => prepareSpec(spec)).toThrow('device has no kernel for op fly');
  });

  it('names a missing attribute', () => {
    const inputs = [tensor([2, 3], 'float32', [1, 2, 3, 4, 5, 6])];
    expect(() => prepare({ op: 'activation', attrs: { slope: 0 }, inputs })).toThrow(
      'expected a string for attribute activation',
    );
  });

  it('reports the chosen implementation', () => {
    for (const op of ['conv2d', 'linear', 'abn_apply'] as const) {
      const record = records[op][0];
      if (record) expect(prepare(callOf(op, record, 'float32')).implementation).not.toBe('');
    }
  });
});
