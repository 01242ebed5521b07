/** Predictions as PNG files: colors, class ids, or probabilities. */

import { encode } from 'fast-png';
import type { SegmentationClass } from '../../segmentation/classes.js';
import { type ConfidenceMap, checkSize, colorTable, type LabelMap } from '../../segmentation/label-map.js';

/**
 * A picture in the classes' colors: indices are class ids, entry i of the 256 of the palette is the color of
 * class i, and entries beyond the classes are black.
 */
export function encodePalettePng(map: LabelMap, classes: readonly SegmentationClass[]): Uint8Array {
  checkSize('a class map', map);
  const table = colorTable(classes);
  const palette = Array.from({ length: 256 }, (_, id) => [...table.subarray(3 * id, 3 * id + 3)]);
  return encode({ ...gray(map), palette });
}

/** The class ids as 8-bit gray. */
export function encodeRawPng(map: LabelMap): Uint8Array {
  checkSize('a class map', map);
  return encode(gray(map));
}

/** Probability · 255 as 8-bit gray, rounded down; 0 for NaN. */
export function encodeProbabilityPng(map: ConfidenceMap): Uint8Array {
  checkSize('a map of probabilities', map);
  return encode(gray({ ...map, data: probabilityBytes(map) }));
}

/** Upstream's `(prob * 255).astype(uint8)`: the product without its fraction, clamped to 0…255. */
export function probabilityBytes({ data }: ConfidenceMap): Uint8Array {
  const bytes = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const scaled = 255 * (data[i] ?? 0);
    // NaN fails both comparisons.
    bytes[i] = scaled >= 255 ? 255 : scaled > 0 ? Math.floor(scaled) : 0;
  }
  return bytes;
}

function gray({ width, height, data }: LabelMap) {
  return { width, height, data, channels: 1, depth: 8 } as const;
}
