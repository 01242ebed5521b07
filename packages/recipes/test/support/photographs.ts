/** A folder of photographs, a snapshot for them, and its segmentation. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cpu } from '@inplace-abn/core';
import sharp from 'sharp';
import { bytes } from '../../../core/test/support/prng.js';
import { temporaryFolder } from '../../../train/test/support/images.js';
import { plainClasses, segmentationNetworkOf } from '../../src/index.js';
import {
  type SegmentOptions,
  type SegmentOutcome,
  segmentPhotographs,
} from '../../src/segmenting/folder/segment-photographs.js';
import { CLASSES, segmentationConfigOf } from './label-maps.js';
import { Output } from './runs.js';
import { weightsOf, writeSnapshot } from './snapshots.js';

export const config = segmentationConfigOf();
export const weights = weightsOf(config, 3);
export const MAX_SIDE = 48;

/** Width and height of the photographs; one has an upper-case extension. */
export const PHOTOGRAPHS: Record<string, [number, number]> = {
  'a tram.jpg': [64, 40],
  'b.PNG': [30, 52],
  'c.JPEG': [48, 48],
  'd.png': [7, 90],
};
export const FILES = Object.keys(PHOTOGRAPHS);

export interface Scene {
  readonly photos: string;
  readonly snapshot: string;
}

/** The folder of photographs and the snapshot, in separate temporary folders. */
export async function makeScene(): Promise<Scene> {
  const photos = join(await temporaryFolder(), 'photos');
  await mkdir(photos);
  for (const [file, size] of Object.entries(PHOTOGRAPHS))
    await writeFile(join(photos, file), await photo(file, size));
  await writeFile(join(photos, 'notes.txt'), 'not an image');
  return { photos, snapshot: await writeSnapshot(weights) };
}

/** Squares of 8 pixels in random colors. */
export function photo(file: string, [width, height]: [number, number]): Promise<Buffer> {
  const colors = bytes(file, [16, 16, 3]);
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return colors[((y >> 3) * 16 + (x >> 3)) * 3 + (i % 3)] ?? 0;
  });
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  return /png$/i.test(file) ? image.png().toBuffer() : image.jpeg({ quality: 95 }).toBuffer();
}

export type Outcome = SegmentOutcome & { readonly text: string; readonly outDir: string };

/** Segments the photographs, or those that the options name, into a new folder. */
export async function segmentScene(
  { photos, snapshot }: Scene,
  options: Partial<SegmentOptions> = {},
): Promise<Outcome> {
  const stream = new Output();
  const outDir = options.outDir ?? join(await temporaryFolder(), 'out');
  const outcome = await segmentPhotographs({
    device: cpu(),
    network: segmentationNetworkOf(config),
    title: 'a small network',
    snapshot,
    photographs: photos,
    outDir,
    classes: plainClasses(CLASSES),
    precision: 'float32',
    mean: config.input.mean,
    std: config.input.std,
    scales: [1],
    flip: false,
    fusion: 'mean',
    mode: 'raw',
    overlay: false,
    maxSide: MAX_SIDE,
    resume: false,
    shard: { index: 0, count: 1 },
    stream,
    ...options,
  });
  return { ...outcome, text: stream.text, outDir };
}

export const nameOf = (file: string) => file.replace(/\.\w+$/, '');
