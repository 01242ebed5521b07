import { createHash } from 'node:crypto';
import { readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectImages } from '../src/inspect-images.js';
import { createLoader } from '../src/loader.js';
import { isSharded, ShardedImages } from '../src/shards.js';
import { evalTransform } from '../src/transform.js';
import { grayPng, temporaryFolder, writeFiles } from './images.js';
import { type Members, tar } from './tar.js';

/** Shards in which image N has the gray value 10 + N and the class N mod 3. */
function shardsOf(counts: readonly number[]): Record<string, Uint8Array> {
  let number = 0;
  const files: Record<string, Uint8Array> = {};
  for (const [shard, count] of counts.entries()) {
    const members: [string, Uint8Array | string][] = [];
    for (let i = 0; i < count; i++, number++) {
      const key = `sample${String(number).padStart(4, '0')}`;
      members.push([`${key}.png`, grayPng(10 + number)], [`${key}.cls`, String(number % 3)]);
    }
    files[`train-${String(shard).padStart(6, '0')}.tar`] = tar(members);
  }
  return files;
}

async function folderWith(files: Record<string, Uint8Array | string>): Promise<string> {
  const root = await temporaryFolder();
  await writeFiles(root, files);
  return root;
}

describe('tar shards', () => {
  it('are read like files: every image once, with its label', async () => {
    const root = await folderWith(shardsOf([5, 3, 4]));
    expect(await isSharded(root)).toBe(true);
    const folder = await ShardedImages.open(root);
    expect([folder.length, folder.classes]).toEqual([12, ['0', '1', '2']]);
    expect(folder.path(5)).toBe(join(root, 'train-000001.tar:sample0005.png'));
    const transform = evalTransform({ crop: 8, scale: -1 });
    const sampler = folder.sampler(7, 4);
    const loader = createLoader({ folder, transform, sampler, batchSize: 5 });
    const seen: number[] = [];
    for await (const batch of loader.epoch(3)) {
      for (let i = 0; i < batch.size; i++) {
        const gray = batch.images[i * 8 * 8 * 3] ?? 0;
        expect(batch.labels[i]).toBe((gray - 10) % 3);
        expect(batch.indices[i]).toBe(gray - 10);
        seen.push(gray - 10);
      }
      batch.release();
    }
    expect(seen).toEqual([...sampler.order(3)]);
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i));
  });

  it('are ordered by seed and epoch: shards, then images within a window', async () => {
    const folder = await ShardedImages.open(await folderWith(shardsOf([6, 6, 6])));
    const order = (seed: number, epoch: number, window?: number) => [
      ...folder.sampler(seed, window).order(epoch),
    ];
    expect(order(1, 0)).toEqual(order(1, 0));
    expect(order(1, 1)).not.toEqual(order(1, 0));
    expect(order(2, 0)).not.toEqual(order(1, 0));
    // With a window of one shard, its images stay together.
    for (let epoch = 0; epoch < 4; epoch++) {
      const shards = order(1, epoch, 6).map((index) => Math.floor(index / 6));
      for (let i = 0; i < 18; i += 6) expect(new Set(shards.slice(i, i + 6)).size).toBe(1);
    }
  });

  it('can be given as a range, of which none may be missing', async () => {
    const root = await folderWith(shardsOf([2, 2, 2]));
    const range = join(root, 'train-{000000..000002}.tar');
    expect(await isSharded(range)).toBe(true);
    const all = await ShardedImages.open(range);
    expect(all.digest()).toBe((await ShardedImages.open(root)).digest());
    expect((await ShardedImages.open(join(root, 'train-{000001..000002}.tar'))).digest()).not.toBe(
      all.digest(),
    );
    await expect(ShardedImages.open(join(root, 'train-{000002..000000}.tar'))).rejects.toThrow(
      'The range {000002..000000} of shards is empty: it ends before it begins.',
    );
    await rm(join(root, 'train-000001.tar'));
    const missing = `In ${root} a shard is missing: train-000001.tar.`;
    await expect(ShardedImages.open(range)).rejects.toThrow(missing);
    await expect(ShardedImages.open(root)).rejects.toThrow(missing);
    expect((await ShardedImages.open(join(root, 'train-000002.tar'))).length).toBe(2);
  });

  it('have a digest of the nonempty shards, their members and labels', async () => {
    const expected = createHash('sha256');
    for (const [shard, members] of [
      ['train-000000.tar', ['sample0000.png', '0', 'sample0001.png', '1']],
      ['train-000002.tar', ['sample0002.png', '2', 'sample0003.png', '0', 'sample0004.png', '1']],
      ['train-000003.tar', ['sample0005.png', '2']],
    ] as const) {
      for (const text of [shard, ...members]) expected.update(`${text}\0`);
    }
    const digestOf = async (counts: readonly number[]) =>
      (await ShardedImages.open(await folderWith(shardsOf(counts)))).digest();
    // Resumed runs compare their digest with the stored one, so it must not change.
    expect(await digestOf([2, 0, 3, 1, 0])).toBe(expected.digest('hex'));
    expect(await digestOf([2, 0, 2, 2, 0])).not.toBe(await digestOf([2, 0, 3, 1, 0]));
  });

  it.each<[string, Record<string, string>, boolean]>([
    ['an index, a readme and hidden files', { 'index.json': '{}', README: '', '.cache/a.png': '' }, true],
    ['a class folder', { 'cat/1.png': '' }, false],
    ['an image', { '1.JPG': '' }, false],
  ])('are distinguished from a leftover archive, next to %s', async (_, others, sharded) => {
    expect(await isSharded(await folderWith({ 'a.tar': '', ...others }))).toBe(sharded);
    expect(await isSharded(await folderWith(others))).toBe(false);
  });

  it.each(['train-{000000..000001}.tar.gz', 'train.tgz', 'a.tar.zst'])(
    'must not be compressed: %s',
    async (name) => {
      expect(await isSharded(name)).toBe(true);
      await expect(ShardedImages.open(name)).rejects.toThrow(
        `The shards ${name} are compressed: decompress them`,
      );
    },
  );

  it('may hold long names, other members and folders', async () => {
    const long = `${'deep/'.repeat(25)}x`;
    const pax = (name: string) => {
      const record = ` path=${name}\n`;
      return `${record.length + 3}${record}`;
    };
    const root = await folderWith({
      'a.tar': tar([
        ['deep', '', '5'],
        ['././@LongLink', `${long}.png\0`, 'L'],
        [`${long}.png`, grayPng(1)],
        ['pax', pax(`${long}.cls`), 'x'],
        [`${long}.cls`, '4\n'],
        [`${long}.json`, '{}'],
        ['._junk.png', 'x'],
        ['readme.txt', 'words'],
      ]),
    });
    const folder = await ShardedImages.open(root);
    expect([folder.length, folder.label(0), folder.relativePath(0)]).toEqual([1, 4, `a.tar:${long}.png`]);
  });

  it('may hold names after ./, as of tar cf FILE -C DIR ., and in upper case', async () => {
    const long = `${'deep/'.repeat(25)}x`;
    const root = await folderWith({
      'a.tar': tar([
        ['./', '', '5'],
        ['./000.JPG', grayPng(1)],
        ['./000.CLS', '2'],
        ['././@LongLink', `./${long}.png\0`, 'L'],
        ['./deep', grayPng(1)],
        ['././@LongLink', `./${long}.cls\0`, 'L'],
        ['./deep', '1'],
        ['./._000.JPG', 'x'],
      ]),
    });
    const folder = await ShardedImages.open(root);
    expect([folder.relativePath(0), folder.label(0)]).toEqual(['a.tar:000.JPG', 2]);
    expect([folder.relativePath(1), folder.label(1)]).toEqual([`a.tar:${long}.png`, 1]);
    expect(folder.length).toBe(2);
  });

  it.each<[Members, string]>([
    [[], 'they have no members'],
    [
      [
        ['./._a.jpg', 'x'],
        ['__MACOSX/a.cls', '1'],
        ['readme.txt', 'x'],
      ],
      'of 3 members 2 are hidden, such as ._a.jpg; 1 is neither image nor label, such as readme.txt',
    ],
  ])('without a sample say which members there are', async (members, reason) => {
    const root = await folderWith({ 'a.tar': tar(members) });
    await expect(ShardedImages.open(root)).rejects.toThrow(`No images in the shards ${root}: ${reason}.`);
  });

  it('may hold more images of a sample, before and after its main one', async () => {
    const root = await folderWith({
      'a.tar': tar([
        ['x.cls', '1'],
        ['x.depth.png', grayPng(1)],
        ['x.jpg', grayPng(2)],
        ['x.png', grayPng(3)],
        ['y.left.png', grayPng(4)],
        ['y.right.png', grayPng(5)],
        ['y.cls', '0'],
      ]),
    });
    const folder = await ShardedImages.open(root);
    expect([folder.length, folder.relativePath(0), folder.relativePath(1)]).toEqual([
      2,
      'a.tar:x.jpg',
      'a.tar:y.left.png',
    ]);
  });

  it.each<[string, Members, string, number?]>([
    [
      'no label',
      [['a.png', 'x']],
      'has no label (.cls) for the sample a, which begins with member a.png at byte 0',
    ],
    [
      'a dot in its key',
      [
        ['a.v1.jpg', 'x'],
        ['a.v1.cls', '1'],
      ],
      'has no label (.cls) for the sample a, which begins with member a.v1.jpg at byte 0; the key of a sample ends at the first dot.',
    ],
    ['no image', [['a.cls', '1']], 'has no image for the sample a, which begins with member a.cls at byte 0'],
    [
      'a label that is a word',
      [
        ['a.png', 'x'],
        ['a.cls', 'cat'],
      ],
      'member a.cls at byte 1024 holds "cat", not the number of a class',
    ],
    [
      'a label beyond the classes',
      [
        ['a.png', 'x'],
        ['a.cls', '9'],
      ],
      'member a.cls at byte 1024 is of class 9, but there are 3 classes',
    ],
    [
      'a sample twice',
      [
        ['a.png', 'x'],
        ['a.cls', '1'],
        ['b.png', 'x'],
        ['b.cls', '1'],
        ['a.png', 'x'],
      ],
      'has the sample a twice, the second time from member a.png at byte 4096 on',
    ],
    [
      'a truncated member',
      [
        ['a.png', 'x'.repeat(700)],
        ['a.cls', '1'],
      ],
      'member a.png at byte 0 is truncated: it has 700 bytes, but only 88 are there',
      600,
    ],
    [
      'a cut between members',
      [
        ['a.png', 'x'],
        ['a.cls', '1'],
        ['b.png', 'x'],
        ['b.cls', '1'],
      ],
      'has no end mark at byte 2048 after member a.cls at byte 1024: it is truncated',
      2048,
    ],
    ['compressed content', [], 'has no member at byte 0: the archive is damaged, or compressed'],
  ])('with %s are rejected, naming the member and its position', async (what, members, message, length) => {
    const content = what === 'compressed content' ? Buffer.alloc(2000, 31) : tar(members);
    const root = await folderWith({ 'a.tar': content });
    if (length !== undefined) await truncate(join(root, 'a.tar'), length);
    const opened = ShardedImages.open(root, ['0', '1', '2']);
    const colon = message.startsWith('member') ? ':' : '';
    await expect(opened).rejects.toThrow(`The shard ${join(root, 'a.tar')}${colon} ${message}`);
    await expect(opened).rejects.toMatchObject({ code: 'ERR_SHARD' });
  });

  it('with an implausibly large class are rejected', async () => {
    const root = await folderWith({
      'a.tar': tar([
        ['a.png', 'x'],
        ['a.cls', '99999999999'],
      ]),
    });
    await expect(ShardedImages.open(root)).rejects.toThrow(
      'a.tar: member a.cls at byte 1024 holds 99999999999, which is too large for the number of a class',
    );
  });

  it('with an unreadable image report its position', async () => {
    const root = await folderWith({
      'a.tar': tar([
        ['a.jpg', 'no image'],
        ['a.cls', '0'],
      ]),
    });
    const folder = await ShardedImages.open(root);
    const transform = evalTransform({ crop: 8, scale: -1 });
    const loader = createLoader({ folder, transform, sampler: folder.sampler(0), batchSize: 1 });
    const place = 'expected jpg, png, webp, avif, tiff, gif or bmp (at byte 512 of the shard)';
    await expect(loader.epoch(0).next()).rejects.toThrow(place);
    const failures: (string | undefined)[] = [];
    await inspectImages(folder, (_, { failure }) => failures.push(failure?.reason));
    expect(failures).toEqual([expect.stringContaining(place)]);
  });

  it('that are truncated while being read report the image', async () => {
    const root = await folderWith(shardsOf([3]));
    const folder = await ShardedImages.open(root);
    const { offset } = folder.part(2);
    await truncate(join(root, 'train-000000.tar'), offset + 5);
    expect((await readFile(join(root, 'train-000000.tar'))).length).toBe(offset + 5);
    const transform = evalTransform({ crop: 8, scale: -1 });
    const loader = createLoader({ folder, transform, sampler: folder.sampler(0), batchSize: 3 });
    await expect(loader.epoch(0).next()).rejects.toThrow(
      `train-000000.tar:sample0002.png: the shard ends within it: it has ${folder.part(2).size} bytes from byte ${offset} on`,
    );
  });
});
