/**
 * Updates, compared with torch.optim in float64: three steps on p = (1, −2, 0.5), gradients s·(0.1, −0.3, 2).
 */
import { describe, expect, it } from 'vitest';
import { adam, adamOp } from '../../src/ops/adam.js';
import { clipScale } from '../../src/ops/clip_scale.js';
import { type SgdRule, sgd, sgdOp } from '../../src/ops/sgd.js';
import { compute, expectClose, scalar, tensor } from './harness.js';

const zeros: Float64Array = new Float64Array(3);
const start: Float64Array = Float64Array.of(1, -2, 0.5);
const gradient = (step: number): Float64Array => Float64Array.of(0.1, -0.3, 2).map((value) => value * step);

function sgdSteps(attrs: SgdRule, maxNorm: number | null = null): Float64Array {
  let [param, momentum] = [start, zeros];
  for (const step of [1, 2, 3]) {
    const operands = {
      param: tensor([3], param),
      grad: tensor([3], gradient(step)),
      momentum: tensor([3], momentum),
      lr: scalar(0.1),
    };
    const next = compute(operands, (v) => {
      const clip = maxNorm === null ? null : clipScale([v.grad], maxNorm).scale;
      const buffer = attrs.momentum === 0 ? null : v.momentum;
      const updated = sgd({ param: v.param, grad: v.grad, momentum: buffer, lr: v.lr, clip }, attrs);
      return { param: updated.param, momentum: updated.momentum ?? v.momentum };
    });
    [param, momentum] = [next.param, next.momentum];
  }
  return param;
}

describe('sgd', () => {
  const base = { momentum: 0.9, weight_decay: 0.01, nesterov: false };

  it('plain', () => {
    expectClose(sgdSteps({ momentum: 0, weight_decay: 0, nesterov: false }), [0.94, -1.82, -0.7]);
  });

  it('with momentum and weight decay', () => {
    expectClose(sgdSteps(base), [0.8993527889999999, -1.703663568, -1.4036428005]);
  });

  it('with Nesterov momentum', () => {
    const expected = [0.8465500125509999, -1.547685136512, -2.4123153212295];
    expectClose(sgdSteps({ ...base, nesterov: true }), expected);
  });

  it('with Nesterov momentum and clipped gradients', () => {
    const expected = [0.9522823895736922, -1.8648822675800765, -0.2976677807756571];
    expectClose(sgdSteps({ ...base, nesterov: true }, 1), expected);
  });

  it('updates the states in place', () => {
    expect(sgdOp.overwrites).toEqual([
      { output: 0, input: 0, required: true },
      { output: 1, input: 2, required: true },
    ]);
  });
});

describe('adam', () => {
  it('with weight decay', () => {
    const attrs = { beta1: 0.8, beta2: 0.95, eps: 1e-6, weight_decay: 0.01, decoupled: false };
    let state = { param: start, expAvg: zeros, expAvgSq: zeros };
    for (const step of [1, 2, 3]) {
      const operands = {
        param: tensor([3], state.param),
        grad: tensor([3], gradient(step)),
        expAvg: tensor([3], state.expAvg),
        expAvgSq: tensor([3], state.expAvgSq),
        lr: scalar(0.1),
        step: scalar(step),
      };
      state = compute(operands, (v) => adam({ ...v, clip: null }, attrs));
    }
    expectClose(state.param, [0.7035056116205705, -1.703807826541834, 0.2043564227751074]);
  });

  it('scales the gradient by the clip factor', () => {
    const attrs = { beta1: 0, beta2: 0, eps: 1, weight_decay: 0, decoupled: false };
    const operands = {
      param: tensor([1], [0]),
      grad: tensor([1], [4]),
      expAvg: tensor([1], [0]),
      expAvgSq: tensor([1], [0]),
      lr: scalar(1),
      step: scalar(1),
      clip: scalar(0.5),
    };
    expectClose(compute(operands, (v) => ({ param: adam(v, attrs).param })).param, [-2 / 3]);
    expect(adamOp.overwrites.every(({ required }) => required)).toBe(true);
  });
});

describe('clip_scale', () => {
  const clip = (values: number[], maxNorm: number) => {
    const operands = {
      a: tensor([1, 1], values.slice(0, 1)),
      b: tensor([values.length - 1], values.slice(1)),
    };
    const { norm, scale } = compute(operands, (v) => clipScale([v.a, v.b], maxNorm));
    return [norm[0], scale[0]];
  };

  it('is one below the limit and scales down to it above', () => {
    expect(clip([3, 0, 4], 6)).toEqual([5, 1]);
    expect(clip([3, 0, 4], 1)).toEqual([5, 1 / (5 + 1e-6)]);
  });

  it('is NaN if a gradient is', () => {
    expect(clip([3, Number.NaN], 1)).toEqual([Number.NaN, Number.NaN]);
  });
});
