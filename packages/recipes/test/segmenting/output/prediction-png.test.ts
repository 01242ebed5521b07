import fc from 'fast-check';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { vistasClasses } from '../../../src/index.js';
import {
  encodePalettePng,
  encodeProbabilityPng,
  encodeRawPng,
} from '../../../src/segmenting/output/prediction-png.js';

const map = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
  .chain(([width, height]) =>
    fc
      .uint8Array({ minLength: width * height, maxLength: width * height })
      .map((data) => ({ width, height, data })),
  );

describe('a palette PNG', () => {
  it('holds the indices unchanged, for every size', () => {
    fc.assert(
      fc.property(map, ({ width, height, data }) => {
        const png = decode(encodePalettePng({ width, height, data }, vistasClasses), { checkCrc: true });
        expect(png).toMatchObject({ width, height, channels: 1, depth: 8 });
        expect([...png.data]).toEqual([...data]);
      }),
    );
  });

  it('has the colors of the classes, then black up to 256', () => {
    const { palette } = decode(
      encodePalettePng({ width: 1, height: 1, data: Uint8Array.of(64) }, vistasClasses),
    );
    expect(palette).toHaveLength(256);
    expect(palette?.slice(0, 65)).toEqual(vistasClasses.map(({ color }) => color));
    expect(palette?.slice(65)).toEqual(Array.from({ length: 191 }, () => [0, 0, 0]));
  });
});

describe('a raw PNG', () => {
  it('is gray, with the class ids', () => {
    fc.assert(
      fc.property(map, ({ width, height, data }) => {
        const png = decode(encodeRawPng({ width, height, data }), { checkCrc: true });
        expect(png).toMatchObject({ width, height, channels: 1, depth: 8 });
        expect(png.palette).toBeUndefined();
        expect([...png.data]).toEqual([...data]);
      }),
    );
  });

  it('needs a value for each pixel', () => {
    expect(() => encodeRawPng({ width: 2, height: 3, data: new Uint8Array(5) })).toThrow(
      'a class map of 2×3 pixels needs 6 values but has 5',
    );
  });
});

describe('a PNG of probabilities', () => {
  const written = (...values: number[]) => {
    const png = decode(
      encodeProbabilityPng({ width: values.length, height: 1, data: Float32Array.from(values) }),
    );
    return [...png.data];
  };

  it('rounds down, as numpy does', () => {
    expect(written(0, 1 / 255 - 1e-6, 0.5, 0.999, 1)).toEqual([0, 0, 127, 254, 255]);
  });

  it('gives n back for n/255', () => {
    const all = [...Array(256).keys()];
    expect(written(...all.map((n) => n / 255))).toEqual(all);
  });

  it('maps NaN to 0 and clamps to a byte', () => {
    expect(written(Number.NaN, -0.5, 1.5, Number.POSITIVE_INFINITY)).toEqual([0, 0, 255, 255]);
  });
});
