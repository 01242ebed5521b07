/** `data check` of label maps. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveConfig } from '@inplace-abn/recipes';
import { encode } from 'fast-png';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { check } from '../../src/data/check.js';
import { formatCheck } from '../../src/data/format-check.js';
import { openParts } from '../../src/data/parts.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'inplace-abn-check-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const [WIDTH, HEIGHT] = [5, 4];

/** A gray image that starts with the given samples and repeats the first one after them. */
function png(samples: readonly number[], height = HEIGHT): Uint8Array {
  const data = new Uint8Array(WIDTH * height).fill(samples[0] ?? 0);
  data.set(samples);
  return encode({ width: WIDTH, height, channels: 1, depth: 8, data });
}

async function write(files: Record<string, Uint8Array | string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(root, name, '..'), { recursive: true });
    await writeFile(join(root, name), content);
  }
}

async function checked(data: object, classes: number) {
  const config = resolveConfig({ task: 'segmentation', network: { classes }, data }, 'test.json');
  return check(root, await openParts(root, config), { workers: 2 });
}

describe('data check of label maps', () => {
  it('counts the pixels of each class', async () => {
    await write({
      'train/images/a.png': png([1]),
      'train/labels/a.png': png([0, 1, 1, 255]),
      'train/images/b.png': png([2]),
      'train/labels/b.png': png([1]),
      'val/images/c.png': png([3]),
      'val/labels/c.png': png([2]),
    });
    const report = await checked({}, 3);
    expect(report).toMatchObject({
      ok: true,
      read: 3,
      labels: {
        bad: { count: 0 },
        pixels: [
          { name: 'train', classes: { 'class 0': 17, 'class 1': 22, 'class 2': 0 }, ignored: 1 },
          { name: 'val', classes: { 'class 0': 0, 'class 1': 0, 'class 2': 20 }, ignored: 0 },
        ],
      },
    });
    const text = formatCheck(report);
    expect(text).toContain('2 images, ');
    expect(text).toMatch(/^class pixels +train +val$/m);
    expect(text).toMatch(/^class 1 +56\.4 % +–$/m);
    expect(text).toMatch(/^ignored +2\.50 % +–$/m);
  });

  it('names maps that have another size or unknown ids, or are unreadable', async () => {
    await write({
      'train/images/beyond.png': png([1]),
      'train/labels/beyond.png': png([0, 7, 7, 9]),
      'train/images/cut.png': png([2]),
      'train/labels/cut.png': png([0]).subarray(0, 45),
      'val/images/low.png': png([3]),
      'val/labels/low.png': png([0, 5], 3),
    });
    const report = await checked({}, 2);
    expect(report.ok).toBe(false);
    const faults = Object.fromEntries(
      report.labels?.bad.first.map(({ file, reason }) => [file.slice(root.length + 1), reason]) ?? [],
    );
    expect(report.labels?.bad.count).toBe(3);
    expect(faults).toMatchObject({
      'train/labels/beyond.png': 'ids beyond the 2 classes: 7 (2 pixels), 9 (1 pixel)',
      'val/labels/low.png': 'it has 5×3 pixels, but its image has 5×4; ids beyond the 2 classes: 5 (1 pixel)',
    });
    expect(faults['train/labels/cut.png']).toBeTruthy();
    expect(formatCheck(report)).toContain(
      '3 label maps that cannot be used:\n  train/labels/beyond.png: ids beyond the 2 classes',
    );
  });

  it('reads label maps as configured', async () => {
    const rgb = encode({ width: 2, height: 1, channels: 3, depth: 8, data: Uint8Array.of(9, 9, 9, 1, 2, 3) });
    const image = encode({ width: 2, height: 1, channels: 1, depth: 8, data: Uint8Array.of(4, 5) });
    await write({
      'colors.csv': 'sky,9,9,9\n',
      'train/images/a.png': image,
      'train/labels/a.png': rgb,
      'val/images/a.png': png([1]),
      'val/labels/a.png': png([9]),
    });
    const colored = await checked({ palette: 'colors.csv' }, 1);
    expect(colored.labels?.bad.first).toEqual([
      {
        file: join(root, 'train/labels/a.png'),
        reason: 'it has the color 1, 2, 3 at x 1, y 0, which is not in the palette of the data set',
      },
    ]);
    expect(colored.labels?.pixels[1]?.classes).toEqual({ sky: 20 });
    await write({ 'train/labels/a.png': image });
    const mapped = await checked({ label_map: { 4: 0, 9: 'ignore' } }, 1);
    expect(mapped.labels?.bad.first).toMatchObject([{ reason: 'ids without a class: 5 (1 pixel)' }]);
    expect(mapped.labels?.pixels[1]).toMatchObject({ ignored: 20 });
  });

  it('says which key reads colors', async () => {
    const rgb = encode({ width: 2, height: 1, channels: 3, depth: 8, data: Uint8Array.of(9, 9, 9, 1, 2, 3) });
    await write({
      'train/images/a.png': png([1]),
      'train/labels/a.png': rgb,
      'val/images/b.png': png([2]),
      'val/labels/b.png': png([0]),
    });
    expect((await checked({}, 2)).labels?.bad.first).toMatchObject([
      { reason: expect.stringMatching(/but it is RGB; name the colors of the classes with data\.palette$/) },
    ]);
  });

  it('recognizes a folder of label maps without a configuration', async () => {
    await write({
      'train/images/a.png': png([1]),
      'train/labels/a.png': png([3]),
      'val/images/b.png': png([2]),
      'val/labels/b.png': png([3]),
    });
    const report = await check(root, await openParts(root, undefined));
    expect(report).toMatchObject({ ok: true, notes: ['read as label maps: { "task": "segmentation" }'] });
    expect(report.labels?.pixels[0]?.classes['class 3']).toBe(20);
    expect(formatCheck(report)).not.toContain('class 4');
    await write({
      'JPEGImages/a.jpg': png([1]),
      'SegmentationClass/a.png': png([20]),
      'ImageSets/Segmentation/train.txt': 'a\n',
      'ImageSets/Segmentation/val.txt': 'a\n',
    });
    const voc = await check(root, await openParts(root, undefined));
    expect(voc.notes).toEqual([
      'read as label maps: { "task": "segmentation", "data": { "layout": "voc" } }',
    ]);
    expect(voc.labels?.pixels[1]?.classes.tvmonitor).toBe(20);
    expect(voc.leaks.count).toBe(1);
  });

  it('reads the images of a folder that cannot be trained on', async () => {
    await write({
      'train/images/a.png': png([1]),
      'train/labels/b.png': png([0]),
      'val/images/b.png': png([2]),
      'val/labels/b.png': png([0]),
    });
    const report = await checked({}, 2);
    expect(report).toMatchObject({ ok: false, read: 2, parts: [{ images: 1 }, { images: 1 }] });
    expect(report.problem).toContain('1 image has no label map');
  });
});
