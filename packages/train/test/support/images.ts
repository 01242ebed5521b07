/** Small image folders with one color per class, so that a small network learns them in a few epochs. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll } from 'vitest';
import { newFolder } from '../../../../tools/vitest/new-folder.js';
import { bytes } from '../../../core/test/support/prng.js';

export const SIDE = 20;
export const CLASSES = ['blue', 'green', 'red'] as const;
export const TRAIN_IMAGES = 60;
export const VAL_IMAGES = 15;

const COLORS = { blue: [40, 60, 180], green: [50, 170, 60], red: [190, 50, 50] };

/** A folder that is removed after the tests of the calling file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await newFolder('inplace-abn-train');
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A noisy PNG in the color of a class. */
export function coloredPng(color: keyof typeof COLORS, name: string): Uint8Array {
  const noise = bytes(name, [SIDE * SIDE * 3]);
  const data = noise.map((value, i) => (COLORS[color][i % 3] ?? 0) + (value >> 2));
  return encode({ width: SIDE, height: SIDE, channels: 3, depth: 8, data });
}

/** A folder with train/CLASS/N.png and val/CLASS/N.png: 60 and 15 images of three classes. */
export async function imageFolder(): Promise<string> {
  const root = await temporaryFolder();
  for (const [part, images] of [
    ['train', TRAIN_IMAGES],
    ['val', VAL_IMAGES],
  ] as const) {
    for (const name of CLASSES) {
      const folder = join(root, part, name);
      await mkdir(folder, { recursive: true });
      for (let i = 0; i < images / CLASSES.length; i++) {
        await writeFile(
          join(folder, `${String(i).padStart(2, '0')}.png`),
          coloredPng(name, `${part}/${name}/${i}`),
        );
      }
    }
  }
  return root;
}
