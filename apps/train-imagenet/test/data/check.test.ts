import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultConfig } from '@inplace-abn/recipes';
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

/** A gray or RGBA image that is different for each value. */
function png(value: number, channels: 1 | 4 = 1, width = 9): Uint8Array {
  return encode({
    width,
    height: 7,
    channels,
    depth: 8,
    data: new Uint8Array(width * 7 * channels).fill(value),
  });
}

async function write(files: Record<string, Uint8Array>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(root, name, '..'), { recursive: true });
    await writeFile(join(root, name), content);
  }
}

const checkOf = async (data: object = {}) =>
  check(root, await openParts(root, { ...defaultConfig, data: { ...defaultConfig.data, ...data } }), {
    workers: 2,
  });

describe('data check', () => {
  it('counts classes, formats, modes and sizes, and finds nothing wrong', async () => {
    await write({
      'train/a/1.png': png(1),
      'train/a/2.png': png(2, 4, 20),
      'train/b/3.png': png(3),
      'val/a/4.png': png(4),
      'val/b/5.png': png(5, 1, 5),
    });
    const read: number[] = [];
    const parts = await openParts(root, undefined);
    const report = await check(root, parts, { onRead: (images) => read.push(images) });
    expect(read).toEqual([1, 2, 3, 4, 5]);
    expect(report).toMatchObject({
      ok: true,
      read: 5,
      formats: { png: 5 },
      modes: { gray: 4, rgba: 1 },
      sizes: { smallest: [5, 7], largest: [20, 7], median: 7 },
      unreadable: { count: 0 },
      parts: [
        { name: 'train', images: 3, classes: { a: 2, b: 1 } },
        { name: 'val', images: 2, classes: { a: 1, b: 1 } },
      ],
    });
    const text = formatCheck(report);
    expect(text).toMatch(/^train {4}3 images, .*, 2 classes of 1 to 2$/m);
    expect(text).toMatch(/no problems found$/);
  });

  it('names unreadable files, and duplicates by the problem that they cause', async () => {
    await write({
      'train/a/1.png': png(1),
      'train/a/again.png': png(1),
      'train/a/cut.png': png(9, 4, 200).subarray(0, 60),
      'train/a/leak.png': png(2),
      'train/a/both.png': png(3),
      'train/b/both.png': png(3),
      'val/a/leak.png': png(2),
      'val/b/5.png': png(5),
    });
    const report = await checkOf();
    expect(report.ok).toBe(false);
    expect(report.unreadable).toMatchObject({ count: 1, first: [{ file: join(root, 'train/a/cut.png') }] });
    const files = ({ first }: typeof report.leaks) =>
      first.map((group) => group.map(({ file }) => file.slice(root.length + 1)));
    expect(files(report.duplicates)).toEqual([['train/a/1.png', 'train/a/again.png']]);
    expect(files(report.contradictions)).toEqual([['train/a/both.png', 'train/b/both.png']]);
    expect(files(report.leaks)).toEqual([['train/a/leak.png', 'val/a/leak.png']]);
    const text = formatCheck(report);
    expect(text).toContain('1 in both training and validation:\n  train/a/leak.png = val/a/leak.png\n');
    expect(text).toMatch(/1 cannot be read:\n {2}train\/a\/cut\.png: /);
    expect(text).toMatch(/fix these problems before training$/);
  });

  it('names images in other formats that are left out', async () => {
    await write({
      'train/a/1.png': png(1),
      'train/a/2.HEIC': png(2),
      'train/a/3.heic': png(3),
      'val/a/4.png': png(4),
    });
    const report = await checkOf();
    const note = `2 files in ${join(root, 'train')} left out: 2 .heic. These are not supported: convert to png or jpg`;
    expect(report).toMatchObject({ ok: true, read: 2, notes: [note] });
    expect(formatCheck(report)).toContain(`\n${note}\n`);
  });

  it('takes overrides of the configuration', async () => {
    const files = Array.from(
      { length: 20 },
      (_, i) => [`${i % 2 === 0 ? 'a' : 'b'}/${i}.png`, png(i)] as const,
    );
    await write(Object.fromEntries(files));
    const overrides = [{ path: ['data', 'split'], value: 0.5 }];
    const report = await check(root, await openParts(root, undefined, overrides));
    expect(report).toMatchObject({ ok: true, read: 20, parts: [{ name: 'train' }, { name: 'val' }] });
    expect(report.notes).toEqual([expect.stringContaining('are set aside to validate on')]);
  });

  it.each([
    ['labels.csv', 'file,class\r\nx y.png,a\r\n,\r\nz.png,b b'],
    ['LOC_val_solution.csv', 'ImageId,PredictionString\r\nx_y,a 1 2 3 4 a 1 2 3 4\r\nz,b 1 2 3 4 \n'],
  ])('prints a command that sorts by %s', async (list, text) => {
    await write({
      'train/a/1.png': png(1),
      'val/x y.png': png(2),
      'val/x_y.png': png(5),
      'val/z.png': png(3),
      'val/rest.png': png(4),
    });
    await writeFile(join(root, list), text);
    const { advice = '' } = await checkOf();
    expect(advice).toContain(`"val_labels": "${list}"`);
    const commands = advice.split('\n').slice(-2).join('\n');
    expect(commands).toContain('while IFS=');
    execFileSync('sh', ['-c', `${commands}\ntrue`]);
    const [file, other] = list.startsWith('LOC') ? ['x_y.png', 'b'] : ['x y.png', 'b b'];
    expect((await readdir(join(root, 'val'))).sort()).toEqual(
      ['a', other, 'rest.png', file === 'x_y.png' ? 'x y.png' : 'x_y.png'].sort(),
    );
    expect(await readdir(join(root, 'val', 'a'))).toEqual([file]);
    expect(await readdir(join(root, 'val', other))).toEqual(['z.png']);
  });

  it('explains a flat val, and accepts it with its list', async () => {
    await write({
      'train/a/1.png': png(1),
      'train/b/2.png': png(2),
      'val/a/x.png': png(3),
      'val/b/y.png': png(4),
    });
    for (const name of ['a', 'b']) {
      for (const file of await readdir(join(root, 'val', name))) {
        await rename(join(root, 'val', name, file), join(root, 'val', file));
      }
      await rm(join(root, 'val', name), { recursive: true });
    }
    const flat = await checkOf();
    expect(flat).toMatchObject({
      ok: false,
      read: 4,
      parts: [{ classes: null }, { images: 2, classes: null }],
    });
    expect(formatCheck(flat)).toMatch(
      /val, which has 2 images: expected one folder per class[\s\S]*Or sort the images into class folders/,
    );
    await writeFile(join(root, 'val.csv'), 'x.png,a\ny.png,b\n');
    expect(await checkOf({ val_labels: 'val.csv' })).toMatchObject({
      ok: true,
      parts: [{}, { classes: { a: 1, b: 1 } }],
    });
  });
});
