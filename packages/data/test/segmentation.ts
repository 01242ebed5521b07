import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Image } from '../src/image/image.js';
import type { LabelMap } from '../src/label-map.js';
import { makeImage } from './images.js';

export interface Framed {
  crop: [height: number, width: number];
  pixels: string;
  targets: string;
}

/** Pillow's results, written by tools/oracle/make_segmentation_data.py. */
export interface SegmentationFixture {
  nearest: { from: number; to: number; positions: number[] | string }[];
  crops: (Framed & {
    factor: number;
    top: number;
    left: number;
    mirrored: boolean;
    size: number | null;
  })[];
  evaluations: (Framed & { size: number | null; maxSide: number | null })[];
  photographs: { from: [number, number]; maxSide: number; to: [number, number]; pixels: string }[];
  labels: { about: string; file: string; size: [number, number]; ids: string }[];
}

export const fixture = JSON.parse(
  readFileSync(new URL('fixtures/segmentation.json', import.meta.url), 'utf8'),
) as SegmentationFixture;

/** The image of make_segmentation_data.py. */
export function photograph(width: number, height: number): Image {
  return makeImage(width, height, 3, (x, y, c) => (x * 5 + y * 3 + c * 41 + ((x * y + c) % 7) * 29) % 256);
}

/** The label map of make_segmentation_data.py. */
export function labels(width: number, height: number): LabelMap {
  return makeImage(width, height, 1, (x, y) => (Math.floor(x / 5) + 7 * Math.floor(y / 3)) % 19);
}

export function sha256(data: Uint8Array | Int32Array): string {
  return createHash('sha256').update(data).digest('hex');
}
