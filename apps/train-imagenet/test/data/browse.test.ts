/** `data browse`: a page with the images that training gets. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveConfig } from '@inplace-abn/recipes';
import { decode, encode } from 'fast-png';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { browse } from '../../src/data/browse.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'inplace-abn-browse-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const SIDE = 12;

function gray(value: number): Uint8Array {
  const data = new Uint8Array(SIDE * SIDE).fill(value);
  return encode({ width: SIDE, height: SIDE, channels: 1, depth: 8, data });
}

async function write(files: Record<string, Uint8Array | string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(root, name, '..'), { recursive: true });
    await writeFile(join(root, name), content);
  }
}

/** The first pixel of each image of a page. */
function colorsOn(page: string): number[][] {
  return [...page.matchAll(/src="data:image\/png;base64,([^"]+)"/g)].map(([, png = '']) => {
    const { data, channels } = decode(Buffer.from(png, 'base64'));
    return [...data.subarray(0, channels)];
  });
}

const options = { samples: 8, epoch: 0, workers: 1 };
const input = { crop_train: SIDE, crop_val: SIDE, scale_val: SIDE };

describe('data browse', () => {
  it('shows images with their classes and files, and is self-contained', async () => {
    await write({
      'train/a&b/1.png': gray(40),
      'train/dog/2.png': gray(80),
      'val/a&b/3.png': gray(120),
      'val/dog/4.png': gray(160),
    });
    const config = resolveConfig({ input }, 'test.json');
    const page = await browse(root, config, [], options);
    const [first, second, ...val] = colorsOn(page);
    // The order of an epoch is a permutation.
    expect([first, second].sort()).toEqual([Array(3).fill(40), Array(3).fill(80)]);
    expect(val).toEqual([Array(3).fill(120), Array(3).fill(160)]);
    expect(page).toContain(`<figcaption>a&amp;b<br>${join(root, 'val', 'a&amp;b', '3.png')}</figcaption>`);
    expect(page).not.toMatch(/<script|<link|src="(?!data:)|url\(/);
    expect(page).toContain('<dt>train</dt><dd>2 images</dd>');
  });

  it('shows mixed images as the network sees them', async () => {
    await write({
      'train/a/1.png': gray(0),
      'train/b/2.png': gray(200),
      'val/a/3.png': gray(1),
      'val/b/4.png': gray(2),
    });
    const config = resolveConfig({ input, mix: { mixup: 1 } }, 'test.json');
    const page = await browse(root, config, [], {
      ...options,
      samples: 2,
    });
    const [one = [], other = []] = colorsOn(page);
    // Both images of the pair have the same λ: images of 0 and 200 become (1 − λ)·200 and λ·200.
    expect((one[0] ?? 0) + (other[0] ?? 0)).toBeGreaterThanOrEqual(199);
    expect((one[0] ?? 0) + (other[0] ?? 0)).toBeLessThanOrEqual(201);
    expect(page).toMatch(/\d+ % [ab], \d+ % [ab]<br>/);
  });

  it('shows label maps in the colors of their classes', async () => {
    await write({
      'classes.json': JSON.stringify([
        { id: 0, name: 'sky', color: [70, 130, 180] },
        { id: 1, name: 'road', color: [128, 64, 128] },
      ]),
      'train/images/1.png': gray(40),
      'train/labels/1.png': gray(0),
      'train/images/2.png': gray(50),
      'train/labels/2.png': gray(1),
      'val/images/3.png': gray(60),
      'val/labels/3.png': gray(255),
    });
    const overrides = [
      { path: ['input', 'crop_train'], value: 6 },
      { path: ['input', 'crop_val'], value: SIDE },
      { path: ['optimizer', 'batch_size'], value: 2 },
    ];
    const colors = colorsOn(await browse(root, undefined, overrides, options));
    expect(colors.slice(4)).toEqual([Array(3).fill(60), [0, 0, 0]]);
    expect(colors.slice(0, 4)).toContainEqual([70, 130, 180]);
    expect(colors.slice(0, 4)).toContainEqual([128, 64, 128]);
  });

  it('says why a folder cannot be trained on', async () => {
    await write({ 'train/a/1.png': gray(1) });
    await expect(browse(root, undefined, [], options)).rejects.toThrow(`${join(root, 'val')} does not exist`);
  });
});
