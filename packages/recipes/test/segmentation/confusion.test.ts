import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Confusion } from '../../src/segmentation/confusion.js';

function counted(classes: number, labels: readonly number[], predicted: readonly number[]): Confusion {
  const confusion = new Confusion(classes);
  confusion.add(labels, predicted);
  return confusion;
}

describe('a confusion matrix', () => {
  it('counts pixels by label and prediction, except ignored ones', () => {
    const confusion = new Confusion(3);
    expect(confusion.add([0, 0, 1, 2, 255], [0, 1, 1, 0, 2])).toBe(4);
    expect([...confusion.matrix]).toEqual([1, 1, 0, 0, 1, 0, 1, 0, 0]);
    expect(confusion.pixels).toBe(4);
  });

  it('gives intersection over union', () => {
    // Class 0: one pixel of three in the union; class 1: one of two; class 2: none of one.
    const confusion = counted(3, [0, 0, 1, 2], [0, 1, 1, 0]);
    expect([0, 1, 2].map((label) => confusion.iou(label))).toEqual([1 / 3, 1 / 2, 0]);
    expect(confusion.meanIou).toBeCloseTo((1 / 3 + 1 / 2 + 0) / 3, 15);
    expect(confusion.pixelAccuracy).toBe(0.5);
  });

  it('leaves classes that do not occur out of the mean', () => {
    const confusion = counted(5, [0, 0, 3], [0, 0, 3]);
    expect([0, 1, 2, 3, 4].map((label) => confusion.iou(label))).toEqual([1, null, null, 1, null]);
    expect(confusion.meanIou).toBe(1);
    // A class that is only predicted occurs too.
    confusion.add([0], [4]);
    expect(confusion.iou(4)).toBe(0);
    expect(confusion.meanIou).toBeCloseTo((2 / 3 + 1 + 0) / 3, 15);
  });

  it('has NaN metrics without pixels', () => {
    const confusion = counted(2, [255, 255], [0, 1]);
    expect([confusion.meanIou, confusion.pixelAccuracy, confusion.pixels]).toEqual([
      Number.NaN,
      Number.NaN,
      0,
    ]);
  });

  it('is the sum of its parts, and perfect for a perfect prediction', () => {
    const maps = fc.array(fc.tuple(fc.nat(4), fc.nat(3)), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(maps, maps, (first, second) => {
        const of = (pairs: [number, number][]) => {
          const labels = pairs.map(([label]) => (label === 4 ? 255 : label));
          return counted(
            4,
            labels,
            pairs.map(([, guess]) => guess),
          );
        };
        const sum = of(first);
        sum.merge(of(second));
        expect(sum.matrix).toEqual(of([...first, ...second]).matrix);
        const labels = first.map(([label]) => label % 4);
        const perfect = counted(4, labels, labels);
        expect([perfect.meanIou, perfect.pixelAccuracy]).toEqual([1, 1]);
      }),
      { seed: 5 },
    );
  });

  it('starts anew', () => {
    const confusion = counted(2, [0, 1], [0, 0]);
    confusion.reset();
    expect(confusion.pixels).toBe(0);
  });

  it.each<[string, () => unknown, string]>([
    ['maps of different sizes', () => counted(2, [0, 1], [0]), '2 labels do not fit 1 predictions'],
    ['a prediction that is not a class', () => counted(2, [1], [2]), 'pixel 0 is predicted as 2'],
    ['no classes', () => new Confusion(0), 'expected 1 to 256 classes, received 0'],
    [
      'another number of classes',
      () => new Confusion(2).merge(new Confusion(3)),
      'a matrix of 3 classes cannot be added to one of 2',
    ],
  ])('refuses %s', (_, act, message) => {
    expect(act).toThrow(message);
  });
});
