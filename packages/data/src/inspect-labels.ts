import { ImageError, type ImageErrorCode } from './errors.js';
import type { LabelDecoder } from './label-coding.js';
import { codedLabelMap } from './label-map.js';

/** A value, and the number of pixels that have it. */
export type PixelCount = readonly [value: number, pixels: number];

/** Size and classes of a label map. */
export interface LabelFacts {
  /** Width in pixels; 0 if the label map cannot be read. */
  readonly width: number;
  /** Height in pixels; 0 if the label map cannot be read. */
  readonly height: number;
  /** Pixels of each class that occurs, by class; class 255 are the ignored ones. */
  readonly classes: readonly PixelCount[];
  /** Pixels of each id of the file that the map of ids lacks. */
  readonly unknown: readonly PixelCount[];
  /** Why it cannot be used; absent where it can. */
  readonly failure?: {
    /** A clause without a period. */
    readonly reason: string;
    /** Kind of problem, for programs. */
    readonly code: ImageErrorCode;
  };
}

/** Reads a label map and counts its pixels. Does not throw for a file that cannot be read. */
export function inspectLabels(path: string, decoder: LabelDecoder, maxPixels?: number): LabelFacts {
  try {
    const { data, width, height } = codedLabelMap(path, decoder, maxPixels);
    const pixels = new Float64Array(256);
    for (const id of data) pixels[id] = (pixels[id] as number) + 1;
    const classes = new Float64Array(256);
    const unknown: PixelCount[] = [];
    for (const [id, count] of pixels.entries()) {
      if (count === 0) continue;
      const target = decoder.classOf ? (decoder.classOf[id] as number) : id;
      if (target < 0) unknown.push([id, count]);
      else classes[target] = (classes[target] as number) + count;
    }
    return { width, height, classes: [...classes.entries()].filter(([, count]) => count > 0), unknown };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    const failure = { reason: error.reason, code: error.code };
    return { width: 0, height: 0, classes: [], unknown: [], failure };
  }
}
