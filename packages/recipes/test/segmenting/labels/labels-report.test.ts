import { describe, expect, it } from 'vitest';
import { formatLabels, labelsJson, labelsResult } from '../../../src/segmenting/labels/labels-report.js';

const classes = ['Road', 'Lane Marking', 'Bird'].map((name, id) => {
  return { id, name, color: [id, id, id] as const };
});

/** Road: 6 right, 2 predicted as marking; marking: 3 right, 1 predicted as road; no bird. */
const counts = {
  classes: 3,
  matrix: Float64Array.of(6, 2, 0, 1, 3, 0, 0, 0, 0),
  iou: (label: number) => [6 / 9, 3 / 6, null][label] ?? null,
  meanIou: (6 / 9 + 3 / 6) / 2,
  pixelAccuracy: 9 / 12,
};

describe('scores against labels', () => {
  it('are a table in the order of the classes', () => {
    expect(formatLabels(labelsResult(counts, classes))).toMatchInlineSnapshot(`
      "class               IoU  pixels
      Road            66.67 %       8
      Lane Marking    50.00 %       4
      Bird                  –       –

      mean IoU        58.33 %      12
      pixel accuracy  75.00 %"
    `);
  });

  it('are JSON in percent, one element per line', () => {
    const text = labelsJson(labelsResult(counts, classes));
    expect(JSON.parse(text)).toEqual({
      meanIou: 100 * counts.meanIou,
      pixelAccuracy: 75,
      pixels: 12,
      classes: [
        { id: 0, name: 'Road', iou: 100 * (6 / 9), pixels: 8, predicted: 7 },
        { id: 1, name: 'Lane Marking', iou: 50, pixels: 4, predicted: 5 },
        { id: 2, name: 'Bird', iou: null, pixels: 0, predicted: 0 },
      ],
      confusion: [
        [0, 0, 6],
        [0, 1, 2],
        [1, 0, 1],
        [1, 1, 3],
      ],
    });
    expect(text.split('\n')).toContain('  [0,1,2],');
  });

  it('without pixels are –, and null in JSON', () => {
    const nothing = { ...counts, matrix: new Float64Array(9), iou: () => null };
    const result = labelsResult({ ...nothing, meanIou: Number.NaN, pixelAccuracy: null }, classes);
    expect(JSON.parse(labelsJson(result))).toMatchObject({
      meanIou: null,
      pixelAccuracy: null,
      confusion: [],
    });
    expect(formatLabels(result)).toContain('\nmean IoU          –');
  });

  it('refuse another list of classes', () => {
    expect(() => labelsResult(counts, classes.slice(1))).toThrow(
      'a confusion matrix of 3 classes with 9 cells does not fit a list of 2 classes',
    );
  });
});
