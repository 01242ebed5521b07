/** Accuracy of the elementwise functions per element, where a whole tensor's tolerance would hide errors. */
import { describe, expect, it } from 'vitest';
import { callOf, expectAgrees, reference, runKernel, sameBits, tensor, testedDataTypes } from './harness.js';
import { records } from './records.js';

const elementwise = (program: string, values: ArrayLike<number>) => ({
  op: 'elementwise' as const,
  attrs: { program, domain: [] },
  inputs: [tensor([values.length], 'float32', values)],
});

/** `count` numbers from `low` to `high`, rounded to float32. */
const steps = (low: number, high: number, count: number) =>
  Float32Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));

describe('functions of float32', () => {
  it.each([
    ['exp(x0)', steps(-86.6, 88.7, 4000)],
    ['log(x0)', steps(1e-3, 4, 4000).map((x) => x ** 12)],
    ['sigmoid(x0)', steps(-86, 30, 4000)],
    ['tanh(x0)', steps(-12, 12, 4001).filter((x) => x !== 0)],
    ['sqrt(x0)', steps(0, 1e6, 1000)],
  ])('%s is accurate in every element', async (program, values) => {
    const call = elementwise(program, values);
    const [actual] = await runKernel(call);
    const [wanted] = reference(call);
    let worst = 0;
    wanted?.data.forEach((value, i) => {
      const error = Math.abs((actual?.data[i] ?? Number.NaN) - value) / Math.abs(value);
      // Near zero, both zero and a subnormal result are correct.
      if (Math.abs(value) > 2 ** -125) worst = Number.isNaN(error) ? error : Math.max(worst, error);
    });
    expect(worst).toBeLessThan(6e-7);
  });

  it('overflow and underflow as in float32', async () => {
    const ends = [Number.NEGATIVE_INFINITY, -104, 0, 89, Number.POSITIVE_INFINITY, Number.NaN];
    const of = async (program: string) => [...((await runKernel(elementwise(program, ends)))[0]?.data ?? [])];
    const { POSITIVE_INFINITY: inf, NaN: nan } = Number;
    expect(await of('exp(x0)')).toEqual([0, 0, 1, inf, inf, nan]);
    expect((await of('log(x0)')).map((value, i) => (i === 3 ? 4 : value))).toEqual([
      nan,
      nan,
      -inf,
      4,
      inf,
      nan,
    ]);
    expect(await of('sigmoid(x0)')).toEqual([0, 0, 0.5, 1, 1, nan]);
    expect(await of('tanh(x0)')).toEqual([-1, -1, 0, 1, 1, nan]);
    expect(await of('sign(x0)')).toEqual([-1, -1, 0, 1, 1, nan]);
    expect(await of('exp_invert(x0)')).toEqual([nan, nan, -87, Math.fround(Math.log(89)), 87, nan]);
  });
});

describe('an empty batch', () => {
  it('is valid for elementwise', async () => {
    for (const dtype of testedDataTypes()) {
      const record = records.elementwise.at(-1);
      if (!record) throw new Error('no record');
      const inputs = record.inputs.map((shape) =>
        shape && shape.length > 1 ? [0, ...shape.slice(1)] : shape,
      );
      const call = callOf('elementwise', { ...record, inputs }, dtype);
      expect(await runKernel(call)).toEqual(reference(call));
    }
  });

  it('sums to zero', async () => {
    const attrs = { program: 'x0', domain: [], shape: [3], divisor: 1 };
    const [sum] = await runKernel({ op: 'sum', attrs, inputs: [tensor([0, 3, 2, 2], 'float32', [])] });
    expect([...(sum?.data ?? [])]).toEqual([0, 0, 0]);
  });
});

it('sums of a million numbers far from zero are accurate to float32', async () => {
  const attrs = { program: 'x0', domain: [], shape: [], divisor: 2 ** 20 };
  const values = new Float64Array(2 ** 20).map((_, i) => 1000 + (i % 7));
  const call = { op: 'sum' as const, attrs, inputs: [tensor([2 ** 20], 'float32', values)] };
  const [actual] = await runKernel(call);
  const [wanted] = reference(call);
  if (actual && wanted) expectAgrees(actual, wanted, 1e-6);
  expect(sameBits(await runKernel(call), actual ? [actual] : [])).toBe(true);
});
