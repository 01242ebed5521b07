/** Predictions from logits, and their counts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MostConfident } from '../../src/evaluation/most-confident.js';
import { type Prediction, predictionOf } from '../../src/evaluation/prediction.js';
import { Tally } from '../../src/evaluation/tally.js';

const of = (logits: number[], label: number) =>
  predictionOf(Float32Array.from(logits), 0, logits.length, label);

describe('a prediction', () => {
  it('is the highest logit, with softmax probabilities and cross entropy', () => {
    const { predicted, rank, probability, labelProbability, loss } = of([1, 3, 2], 2);
    const sum = Math.exp(1) + Math.exp(3) + Math.exp(2);
    expect({ predicted, rank }).toEqual({ predicted: 1, rank: 1 });
    expect(probability).toBeCloseTo(Math.exp(3) / sum, 12);
    expect(labelProbability).toBeCloseTo(Math.exp(2) / sum, 12);
    expect(loss).toBeCloseTo(-Math.log(Math.exp(2) / sum), 12);
  });

  it('reads its own row', () => {
    const logits = Float32Array.of(9, 0, 0, 0, 0, 9);
    expect(predictionOf(logits, 1, 3, 2)).toMatchObject({ predicted: 2, rank: 0 });
  });

  it.each([
    { logits: [5, 5, 5], label: 0, rank: 0, predicted: 0 },
    { logits: [5, 5, 5], label: 2, rank: 2, predicted: 0 },
    { logits: [5, Number.NaN, 7], label: 2, rank: 1, predicted: 1 },
    { logits: [Number.NaN, Number.NaN, 7], label: 1, rank: 1, predicted: 0 },
  ])('breaks ties like validation: $logits, label $label', ({ logits, label, rank, predicted }) => {
    expect(of(logits, label)).toMatchObject({ rank, predicted });
  });

  it('is right if and only if its rank is 0', () => {
    const logit = fc.oneof(fc.constantFrom(-1, 0, 1, Number.NaN), fc.float({ noDefaultInfinity: true }));
    fc.assert(
      fc.property(fc.array(logit, { minLength: 1, maxLength: 8 }), fc.nat(), (logits, n) => {
        const label = n % logits.length;
        const { predicted, rank } = of(logits, label);
        expect(predicted === label).toBe(rank === 0);
        const ranks = logits.map((_, k) => of(logits, k).rank);
        expect(ranks.toSorted((a, b) => a - b)).toEqual(logits.map((_, k) => k));
      }),
    );
  });

  it('stays finite for large logits', () => {
    expect(of([1000, -1000], 1)).toMatchObject({ loss: 2000, probability: 1, labelProbability: 0 });
  });
});

const prediction = (label: number, predicted: number, changes: Partial<Prediction> = {}): Prediction => ({
  label,
  predicted,
  rank: label === predicted ? 0 : 1,
  loss: 1,
  probability: 0.5,
  labelProbability: 0.5,
  ...changes,
});

describe('a tally', () => {
  const tally = new Tally(6);
  const seen = [
    prediction(0, 0, { loss: 0.5 }),
    prediction(0, 3, { loss: 2.5, rank: 4 }),
    prediction(0, 3, { loss: 3, rank: 5 }),
    prediction(5, 5, { loss: 0 }),
    prediction(3, 0),
  ];
  for (const each of seen) tally.add(each);

  it('counts top-1, top-5 and the mean loss', () => {
    expect(tally.accuracy).toMatchObject({ count: 5, top1: 40, top5: 80 });
    expect(tally.loss.mean).toBeCloseTo(7 / 5, 12);
  });

  it('lists the cells of the confusion matrix', () => {
    expect(tally.cells()).toEqual([
      { label: 0, predicted: 0, count: 1 },
      { label: 0, predicted: 3, count: 2 },
      { label: 3, predicted: 0, count: 1 },
      { label: 5, predicted: 5, count: 1 },
    ]);
  });

  it('counts each class, even those without images', () => {
    expect(tally.perClass()).toEqual([
      { images: 3, correct1: 1, correct5: 2 },
      { images: 0, correct1: 0, correct5: 0 },
      { images: 0, correct1: 0, correct5: 0 },
      { images: 1, correct1: 0, correct5: 1 },
      { images: 0, correct1: 0, correct5: 0 },
      { images: 1, correct1: 1, correct5: 1 },
    ]);
  });
});

describe('logits that are NaN', () => {
  it('count as wrong, and for no class', () => {
    const tally = new Tally(3);
    for (const label of [0, 1, 2]) tally.add(of([Number.NaN, Number.NaN, Number.NaN], label));
    tally.add(of([0, 1, 0], 1));
    expect(tally.accuracy).toMatchObject({ top1: 25, top5: 25, count: 4 });
    expect(tally.loss.mean).toBeNaN();
    expect(tally.cells()).toEqual([{ label: 1, predicted: 1, count: 1 }]);
    expect(tally.perClass()[0]).toEqual({ images: 0, correct1: 0, correct5: 0 });
  });
});

describe('the most confident mistakes', () => {
  const indices = (limit: number, probabilities: [number, number][]) => {
    const most = new MostConfident(limit);
    probabilities.forEach(([probability, loss], index) => {
      most.add(index, prediction(0, 1, { probability, loss }));
    });
    return most.list.map(({ index }) => index);
  };

  it('are kept in order, with ties in folder order', () => {
    expect(
      indices(3, [
        [0.5, 1],
        [0.9, 1],
        [0.5, 1],
        [0.7, 1],
        [0.2, 1],
      ]),
    ).toEqual([1, 3, 0]);
  });

  it('compare the loss if both are certain', () => {
    expect(
      indices(2, [
        [1, 20],
        [1, 40],
        [1, 30],
      ]),
    ).toEqual([1, 2]);
  });

  it('are empty if everything is right', () => {
    const most = new MostConfident(2);
    most.add(0, prediction(1, 1));
    expect(most.list).toEqual([]);
  });
});
