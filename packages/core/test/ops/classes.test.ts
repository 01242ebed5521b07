import { describe, expect, it } from 'vitest';
import type { Value } from '../../src/ir/value.js';
import { crossEntropy } from '../../src/ops/cross_entropy.js';
import { logSoftmax } from '../../src/ops/log_softmax.js';
import { lovaszSoftmax } from '../../src/ops/lovasz_softmax.js';
import { softmax } from '../../src/ops/softmax.js';
import { topkCorrect } from '../../src/ops/topk_correct.js';
import {
  compute,
  draw,
  expectClose,
  expectGradient,
  type Operand,
  tensor,
  vectorJacobian,
} from './harness.js';

const labels = (...values: number[]): Operand => tensor([values.length], values, 'int32');

function loss(operands: { logits: Operand; labels: Operand }, ignoreIndex?: number): number {
  const { y } = compute(operands, (v) => ({ y: crossEntropy(v.logits, v.labels, { ignoreIndex }) }));
  return y[0] ?? 0;
}

describe('cross_entropy', () => {
  // torch.nn.functional.cross_entropy in float64; a logit of 1000 must not overflow.
  const operands = {
    logits: tensor([4, 3], [1, 2, 3, 0, -1, 1000, 0.5, 0.5, 0.5, 9, 9, 9]),
    labels: labels(2, 0, -100, 1),
  };

  it("matches PyTorch's loss and gradient", () => {
    expectClose([loss(operands)], [333.83540608437085], 1e-14);
    const { logits } = vectorJacobian(
      operands,
      ['logits'],
      (v) => crossEntropy(v.logits, v.labels),
      tensor([], [1]),
    );
    const expected = [
      [0.030010191056793478, 0.08157615701826587, -0.1115863480750594],
      [-1 / 3, 0, 1 / 3],
      [0, 0, 0],
      [1 / 9, -2 / 9, 1 / 9],
    ];
    expectClose(logits ?? [], expected.flat(), 1e-14);
  });

  it('ignores rows with the ignored label or one outside the classes', () => {
    const uniform = tensor([3, 4], new Float64Array(12));
    expectClose([loss({ logits: uniform, labels: labels(0, 4, -1) })], [Math.log(4)]);
    expectClose([loss({ logits: uniform, labels: labels(0, 2, 2) }, 2)], [Math.log(4)]);
    expect(loss({ logits: uniform, labels: labels(-100, -100, -100) })).toBeNaN();
  });

  // torch.nn.functional.cross_entropy(logits, labels, weight, label_smoothing=…) in float64.
  const weighted = {
    logits: tensor([4, 3], [1, 2, 3, 0, -1, 4, 0.5, 0.5, 0.5, 9, 9, 9]),
    labels: labels(2, 0, -100, 1),
    weights: tensor([3], [0.5, 2, 1.25]),
  };

  it.each([
    [
      'label smoothing',
      { labelSmoothing: 0.1, weighs: false },
      1.8436543810837709,
      [
        0.018899079945682365, 0.07046504590715476, -0.0893641258528372, -0.30515511715434296,
        -0.00892002338267475, 0.31407514053701774, 0, 0, 0, 0.1, -0.2, 0.1,
      ],
    ],
    [
      'class weights',
      { labelSmoothing: 0, weighs: true },
      1.2584278607896282,
      [
        0.030010191056793478, 0.08157615701826587, -0.1115863480750594, -0.13095093575062605,
        0.0008764350913745447, 0.13007450065925152, 0, 0, 0, 0.17777777777777776, -0.35555555555555557,
        0.17777777777777776,
      ],
    ],
    [
      'both',
      { labelSmoothing: 0.3, weighs: true },
      1.433995816877871,
      [
        0.016676857723460146, 0.028242823684932545, -0.044919681408392746, -0.10321219017174112,
        -0.052062502450840244, 0.15527469262258137, 0, 0, 0, 0.1444444444444444, -0.2688888888888889,
        0.12444444444444441,
      ],
    ],
  ])("matches PyTorch's loss and gradient with %s", (_name, { labelSmoothing, weighs }, value, gradient) => {
    const body = (v: Record<'logits' | 'labels' | 'weights', Value>) =>
      crossEntropy(v.logits, v.labels, { labelSmoothing, ...(weighs ? { weights: v.weights } : {}) });
    expectClose(compute(weighted, (v) => ({ y: body(v) })).y, [value], 1e-14);
    const { logits } = vectorJacobian(weighted, ['logits'], body, tensor([], [1]));
    expectClose(logits ?? [], gradient, 1e-14);
  });

  it('rejects a smoothing above 1 and a wrong number of weights', () => {
    expect(() =>
      compute(weighted, (v) => ({ y: crossEntropy(v.logits, v.labels, { labelSmoothing: 1.5 }) })),
    ).toThrow('expected label smoothing from 0 to 1 but received 1.5');
    expect(() =>
      compute(weighted, (v) => ({ y: crossEntropy(v.logits, v.labels, { weights: v.logits }) })),
    ).toThrow('expected 3 class weights for logits float32[4,3] but received float32[4,3]');
  });

  it('treats pixels as rows', () => {
    // N 1, K 2, H×W 1×2, channels-last.
    const operands = {
      logits: tensor([1, 2, 1, 2], [0, 0, 3, 1]),
      labels: tensor([1, 1, 2], [1, 0], 'int32'),
    };
    expectClose([loss(operands)], [(Math.log(2) + Math.log1p(Math.exp(-2))) / 2]);
  });

  it('is NaN for NaN logits', () => {
    expect(loss({ logits: tensor([1, 2], [Number.NaN, 0]), labels: labels(1) })).toBeNaN();
  });
});

describe('log_softmax', () => {
  it('is the logarithm of softmax, but finite where softmax underflows', () => {
    const x = tensor([2, 3], [1, 2, 3, 0, -1, 1000]);
    const { y, p } = compute({ x }, (v) => ({ y: logSoftmax(v.x), p: softmax(v.x) }));
    expectClose([...y].slice(0, 3), [...p].slice(0, 3).map(Math.log), 1e-14);
    expectClose([...y].slice(3), [-1000, -1001, 0], 1e-14);
  });

  it('has a gradient', () => {
    expectGradient({ x: draw('x', [2, 5, 3]) }, ['x'], (v) => logSoftmax(v.x));
  });
});

describe('topk_correct', () => {
  const counts = (logits: number[][], label: number[], k: number[]): number[] => {
    const operands = {
      logits: tensor([logits.length, logits[0]?.length ?? 0], logits.flat()),
      labels: labels(...label),
    };
    return [...compute(operands, (v) => ({ y: topkCorrect(v.logits, v.labels, k) })).y];
  };

  it('counts for every k', () => {
    const rows = [
      [5, 4, 3, 2],
      [5, 4, 3, 2],
      [5, 4, 3, 2],
      [5, 4, 3, 2],
    ];
    expect(counts(rows, [0, 1, 3, 2], [1, 2, 3, 9])).toEqual([1, 2, 3, 4]);
  });

  it('ranks equal logits by class and ignores labels outside the classes', () => {
    expect(counts([[1, 1, 1]], [0], [1])).toEqual([1]);
    expect(counts([[1, 1, 1]], [1], [1, 2])).toEqual([0, 1]);
    expect(
      counts(
        [
          [1, 2],
          [1, 2],
        ],
        [-1, 2],
        [2],
      ),
    ).toEqual([0]);
  });

  it('ranks NaN as the largest', () => {
    expect(counts([[1, Number.NaN, 9]], [2], [1, 2])).toEqual([0, 1]);
    expect(counts([[Number.NaN, Number.NaN]], [1], [1, 2])).toEqual([0, 1]);
  });

  it('treats pixels as rows and ignores labels outside the classes', () => {
    // N 1, K 2, H×W 2×2, channels-last; 255 marks unlabeled pixels.
    const operands = {
      logits: tensor([1, 2, 2, 2], [0, 1, 3, 2, 5, 4, 0, 9]),
      labels: tensor([1, 2, 2], [1, 1, 255, 1], 'int32'),
    };
    const { y } = compute(operands, (v) => ({ y: topkCorrect(v.logits, v.labels, [1, 2]) }));
    expect([...y]).toEqual([2, 3]);
  });
});

describe('lovasz_softmax', () => {
  const lossOf = (
    p: Operand,
    ids: readonly number[],
    options: Parameters<typeof lovaszSoftmax>[2] = {},
  ): number => {
    const { y } = compute({ p, labels: tensor([2, ids.length / 2], ids, 'int32') }, (v) => ({
      y: lovaszSoftmax(v.p, v.labels, options),
    }));
    return y[0] ?? Number.NaN;
  };
  /** Two images of two pixels and three classes. */
  const certain = (...ids: readonly number[]): Operand =>
    tensor(
      [2, 3, 2],
      ids.flatMap((id) => [0, 1, 2].map((k) => (k === id ? 1 : 0))),
    );

  it('is 1 − IoU for certain predictions, averaged over the classes that occur or over all', () => {
    // Class 0: one of two pixels found, no false positives. Class 1: both found, one false positive. Class 2
    // does not occur.
    const p = certain(0, 1, 1, 1);
    const ids = [0, 0, 1, 1];
    expectClose([lossOf(p, ids)], [(1 - 1 / 2 + 1 - 2 / 3) / 2]);
    expectClose([lossOf(p, ids, { classes: 'all' })], [(1 - 1 / 2 + 1 - 2 / 3) / 3]);
    expectClose([lossOf(p, ids, { perImage: true })], [(1 - 1 / 2) / 1 / 2]);
    expectClose([lossOf(certain(2, 2, 1, 1), [1, 1, 1, 1], { classes: 'all' })], [(1 / 2 + 1) / 3]);
  });

  it('does not count ignored pixels, and is 0 if all are ignored', () => {
    const p = certain(0, 1, 1, 1);
    expectClose([lossOf(p, [0, 255, 1, 1], { ignoreIndex: 255 })], [0]);
    expectClose([lossOf(p, [0, 0, 255, 255], { ignoreIndex: 255, perImage: true })], [1 / 4]);
    expect(lossOf(p, [255, 255, 255, 255], { ignoreIndex: 255 })).toBe(0);
    expect(lossOf(p, [255, 255, 255, 255], { ignoreIndex: 255, perImage: true })).toBe(0);
  });

  it('orders equal errors by pixel: the first gets the larger share', () => {
    const p = tensor([1, 2, 3], [0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
    const operands = { p, labels: tensor([1, 3], [0, 0, 1], 'int32') };
    const { p: slopes } = vectorJacobian(
      operands,
      ['p'],
      (v) => lovaszSoftmax(v.p, v.labels),
      tensor([], [1]),
    );
    // Slopes of class 0, by pixel: 1/2, 1/2, 0. Of class 1: 1/2 and 1/6 for the pixels of class 0, which come
    // first, then 1/3.
    const expected = [-1 / 2, 1 / 2, -1 / 2, 1 / 6, 0, -1 / 3].map((slope) => slope / 2);
    expectClose(slopes ?? [], expected);
  });
});

describe('softmax', () => {
  // torch.softmax in float64; exponentials of 100 and more must not overflow.
  const x = tensor([3, 3], [1, 2, 3, 0, -1, 100, 0.5, 0.5, -0.25]);
  const rows = [
    [0.09003057317038045, 0.2447284710547976, 0.6652409557748218],
    [3.720075976020836e-44, 1.368539471173853e-44, 1],
    [0.4044707686614429, 0.4044707686614429, 0.1910584626771142],
  ];

  it("matches PyTorch's probabilities and gradient", () => {
    expectClose(compute({ x }, (v) => ({ y: softmax(v.x) })).y, rows.flat());
    const cotangent = tensor([3, 3], [1, -2, 0.5, 3, 1, 2, 0.25, -1, 2]);
    const { x: dx } = vectorJacobian({ x }, ['x'], (v) => softmax(v.x), cotangent);
    const expected = [
      [0.09604514583293235, -0.47310763853503385, 0.3770624927021015],
      [3.720075976020836e-44, -1.368539471173853e-44, 0],
      [0.0692600176749726, -0.43632844315183106, 0.3670684254768584],
    ];
    expectClose(dx ?? [], expected.flat());
  });

  it('normalizes the channels of each pixel', () => {
    // N 1, K 2, H×W 1×2, channels-last.
    const pixels = tensor([1, 2, 1, 2], [0, Math.log(3), Math.log(4), 0]);
    expectClose(compute({ pixels }, (v) => ({ y: softmax(v.pixels) })).y, [0.25, 0.75, 0.8, 0.2]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('is NaN only in rows with %s', (value) => {
    const logits = tensor([2, 3], [1, value, 2, 0, 0, 0]);
    const third = 1 / 3;
    expectClose(compute({ logits }, (v) => ({ y: softmax(v.logits) })).y.slice(3), [third, third, third]);
    const spoiled = compute({ logits }, (v) => ({ y: softmax(v.logits) })).y.slice(0, 3);
    expect([...spoiled]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });
});
