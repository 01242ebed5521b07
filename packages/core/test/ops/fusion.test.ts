/** Prediction fusion at several scales, against PyTorch. */
import { describe, expect, it } from 'vitest';
import { type FusePredictionsOptions, fusePredictions } from '../../src/ops/fuse_predictions.js';
import { compute, emitted, expectClose, type Operand, tensor } from './harness.js';

function fused(logits: readonly Operand[], options: FusePredictionsOptions) {
  const operands = Object.fromEntries(logits.map((operand, i) => [`logits${i}`, operand]));
  return compute(operands, (v) => ({ ...fusePredictions(Object.values(v), options) }));
}

describe('fuse_predictions', () => {
  // In float64: torch.nn.functional.interpolate (bilinear, align_corners=False), flipped where mirrored,
  // softmax, and the fusions of the reference implementation. Logits channels-last, [1,3,3,4], [1,3,2,3] and
  // [1,3,5,7].
  const logits = [
    tensor(
      [1, 3, 3, 4],
      [
        0.25, 4.03125, -1.9375, 0, 1.03125, 1.5625, 3.75, 1.28125, 1.8125, 2.75, -1.96875, -1.6875, 2.25,
        0.28125, 1.3125, 3.75, -0.46875, 0.8125, 1.25, 1.03125, -2.9375, 1.5, 3.53125, 1.5625, -1.5, 0.28125,
        -0.6875, -1.5, 0.28125, -3.9375, 1.5, 1.28125, 0.3125, 1, -1.21875, 1.5625,
      ],
    ),
    tensor(
      [1, 3, 2, 3],
      [
        0.5, 0.0625, -0.375, -3.5, 5.3125, -1.125, -1.75, 1.8125, -1.625, 0, 1.5625, -0.125, 1.5, 0.8125,
        0.125, -0.25, 2.5625, -1.875,
      ],
    ),
    tensor(
      [1, 3, 5, 7],
      [
        -1.5, -0.65625, 0.6875, -2.25, -0.40625, 2.4375, 0, -0.15625, -2.0625, 1.25, 0.84375, -2.5625, -1.25,
        -4.90625, -3.0625, 1.25, -3.90625, 2.4375, 0.75, 1.59375, -2.3125, -0.25, 2.34375, 2.9375, 1,
        -1.40625, -0.0625, 2.5, 1.34375, -0.0625, -1.25, 0.09375, -1.8125, -0.75, 0.09375, 1.1875, 1.5,
        -1.40625, 3.6875, 1.25, 0.09375, -0.0625, -1.5, -5.15625, -3.0625, 2, -1.40625, 0.9375, -3, -1.15625,
        -0.3125, -2.5, 1.84375, -0.5625, 1.75, -1.65625, 1.4375, -0.25, -0.90625, 1.6875, -2, 1.09375, 2.6875,
        1.25, -1.40625, -0.8125, -2.75, -2.90625, -3.3125, 2.75, -0.15625, 3.1875, 0, -2.40625, 2.1875, -4,
        -3.40625, 2.1875, -1.75, -1.15625, 2.4375, -1.5, 3.59375, -2.5625, -3.5, 1.59375, 0.1875, -2.25,
        0.09375, 3.6875, 1, 1.09375, 2.6875, -1.5, -1.65625, -0.3125, 3, 1.59375, 1.4375, 1, -0.65625,
        -0.3125, 3.75, 0.59375, 0.4375,
      ],
    ),
  ];
  const size = [4, 5] as const;
  const mirrored = [false, true, false];

  it.each([
    {
      mode: 'mean' as const,
      label: [1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0],
      probability: [
        0.6954021949880896, 0.6928258139729524, 0.5512799755087852, 0.4991952032149081, 0.6797225703651774,
        0.5344144930793765, 0.434561377503103, 0.6557961671935583, 0.3965725173302357, 0.37930077789020283,
        0.4236823786955923, 0.38781174951776404, 0.3727450572152735, 0.3892033738561814, 0.6277504428086172,
        0.7156246867266031, 0.5615252024138383, 0.35311131322963124, 0.448077085894922, 0.4404293650148169,
      ],
    },
    {
      mode: 'voting' as const,
      label: [1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0],
      probability: [
        0.9591076428888663, 0.6928258139729523, 0.4843535216174318, 0.7313373450588401, 0.6797225703651774,
        0.7180707388310418, 0.6158633227019571, 0.9098017697475858, 0.6810865010855954, 0.5544951344652329,
        0.6121487268893717, 0.7423989134837378, 0.7196116421398092, 0.4751257114890727, 0.6277504428086172,
        0.7156246867266031, 0.7997418498902256, 0.5695827413110814, 0.528226463352379, 0.821798718387634,
      ],
    },
    {
      mode: 'max' as const,
      label: [1, 1, 1, 1, 0, 1, 1, 1, 1, 2, 1, 1, 2, 2, 1, 1, 2, 2, 1, 0],
      probability: [
        0.9752751966467892, 0.9870151313953923, 0.9982537912499223, 0.9116896724227495, 0.9796700874244179,
        0.9440618537357987, 0.9757419481715178, 0.9917306034309823, 0.8623332234396429, 0.6239538700756243,
        0.9389924701453002, 0.893805598673316, 0.7918562563676802, 0.9573466116150714, 0.8535445461793871,
        0.9329401386115156, 0.8702077154940324, 0.693038974792871, 0.5581850284828221, 0.821798718387634,
      ],
    },
  ])('$mode', ({ mode, label, probability }) => {
    const found = fused(logits, { mode, size, mirrored });
    expect([...found.label]).toEqual(label);
    expectClose(found.probability, probability);
  });

  it('returns the softmax of a single prediction in every mode', () => {
    const one = [tensor([1, 2, 1, 2], [0, Math.log(3), Math.log(4), 0])];
    for (const mode of ['mean', 'voting', 'max'] as const) {
      const plain = fused(one, { mode, size: [1, 2], mirrored: [false] });
      expect([...plain.label]).toEqual([1, 0]);
      expectClose(plain.probability, [0.75, 0.8]);
      const mirror = fused(one, { mode, size: [1, 2], mirrored: [true] });
      expect([...mirror.label]).toEqual([0, 1]);
      expectClose(mirror.probability, [0.8, 0.75]);
    }
  });

  it('breaks ties by the lowest class and the first prediction', () => {
    const votes = [
      [0, 0, 9],
      [0, 9, 0],
      [0, 9, 0],
      [0, 0, 9],
    ].map((row) => tensor([1, 3, 1, 1], row));
    const options = { size: [1, 1], mirrored: votes.map(() => false) } as const;
    expect([...fused(votes, { ...options, mode: 'voting' }).label]).toEqual([1]);
    expect([...fused(votes, { ...options, mode: 'max' }).label]).toEqual([2]);
  });

  it('has a NaN probability if one prediction is NaN', () => {
    const good = tensor([1, 2, 1, 2], [0, 1, 0, 1]);
    const bad = tensor([1, 2, 1, 2], [0, 1, Number.NaN, 1]);
    for (const mode of ['mean', 'voting', 'max'] as const) {
      const found = fused([good, bad], { mode, size: [1, 2], mirrored: [false, false] });
      expect([...found.label]).toEqual([1, 0]);
      expect([...found.probability].map(Number.isNaN)).toEqual([false, true]);
    }
  });

  it('stores integers in its attributes, as plans are serialized', () => {
    const [first] = logits;
    if (!first) throw new Error('no logits');
    emitted({ first }, (v, tracer) => {
      fusePredictions([v.first], { mode: 'max', size, mirrored: [true] });
      expect(tracer.traced.at(-1)?.attrs).toEqual({ mode: 'max', size: [4, 5], mirrored: [1] });
    });
  });

  it('requires at least one operand', () => {
    expect(() => fusePredictions([], { mode: 'mean', size, mirrored: [] })).toThrow(
      'fusePredictions: expected logits of at least one scale',
    );
  });
});
