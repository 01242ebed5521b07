/** Average precision, compared with scikit-learn's definition (tools/oracle/make_precision.py). */
import { describe, expect, it } from 'vitest';
import { readJson } from '../../../core/test/support/fixtures.js';
import { averagePrecisions, meanOfKnown } from '../../src/index.js';

interface Fixture {
  readonly name: string;
  readonly classes: number;
  readonly scores: number[];
  readonly labels: number[];
  readonly precisions: (number | null)[];
}

const fixtures = readJson<Fixture[]>(new URL('../fixtures/average_precision.json', import.meta.url));

/** The rows of a matrix in reverse order. */
function reversed(values: readonly number[], width: number): number[] {
  const rows = Array.from({ length: values.length / width }, (_, row) =>
    values.slice(row * width, (row + 1) * width),
  );
  return rows.reverse().flat();
}

describe('average precision', () => {
  it.each(fixtures.map((fixture) => [fixture.name, fixture] as const))(
    'matches scikit-learn in any order of images: %s',
    (_, fixture) => {
      const { classes, scores, labels, precisions } = fixture;
      const found = averagePrecisions(
        { scores: Float32Array.from(scores), labels: Uint8Array.from(labels) },
        classes,
      );
      for (const [label, expected] of precisions.entries()) {
        if (expected === null) expect(found[label]).toBeNaN();
        else expect(found[label]).toBeCloseTo(100 * expected, 10);
      }
      const again = averagePrecisions(
        {
          scores: Float32Array.from(reversed(scores, classes)),
          labels: Uint8Array.from(reversed(labels, classes)),
        },
        classes,
      );
      expect(again).toEqual(found);
    },
  );

  it('is averaged over the classes that occur', () => {
    expect(meanOfKnown([50, Number.NaN, 100])).toBe(75);
    expect(meanOfKnown([Number.NaN])).toBeNaN();
  });
});
