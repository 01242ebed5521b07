import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { onTestFinished } from 'vitest';
import { newFolder } from '../../../tools/vitest/new-folder.js';
import { bytes } from '../../core/test/support/prng.js';
import type { Image } from '../src/image/image.js';

/** A folder that is removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await newFolder('inplace-abn-data');
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files and creates their folders. */
export async function writeFiles(root: string, files: Record<string, Uint8Array | string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
}

/** A uniform gray PNG. */
export function grayPng(value: number, width = 8, height = 8): Uint8Array {
  const data = new Uint8Array(width * height).fill(value);
  return encode({ width, height, channels: 1, depth: 8, data });
}

/**
 * A JPEG of noise, ten times as high as wide: a center crop needs neither its first nor its last rows.
 */
export function tallJpeg(): Promise<Buffer> {
  const [width, height] = [40, 400];
  const noise = bytes('tall', [height * width * 3]);
  return sharp(noise, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 95 })
    .toBuffer();
}

/** An image from a function of (x, y, channel). */
export function makeImage(
  width: number,
  height: number,
  channels: 1 | 3,
  value: (x: number, y: number, c: number) => number,
): Image {
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / channels);
    data[i] = value(pixel % width, Math.floor(pixel / width), i % channels);
  }
  return { data, width, height, channels };
}
