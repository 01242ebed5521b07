import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../train/test/support/images.js';
import {
  checkOutputs,
  type OutputKind,
  outputName,
  outputPath,
  shardOf,
  unfinished,
} from '../../../src/segmenting/output/files.js';

describe('dividing files between processes', () => {
  const names = fc.uniqueArray(fc.string({ maxLength: 6 }), { maxLength: 40 });

  it('gives every file to one process, evenly, in any order', () => {
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 9 }), (files, count) => {
        const shards = Array.from({ length: count }, (_, index) =>
          shardOf(index % 2 ? files.toReversed() : files, index, count),
        );
        expect(shards.flat().sort()).toEqual(files.toSorted());
        const sizes = shards.map((shard) => shard.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it.each([
    [2, 2],
    [-1, 2],
    [0, 0],
    [0.5, 2],
  ])('refuses process %d of %d', (index, count) => {
    expect(() => shardOf(['a'], index, count)).toThrow(
      `process ${index} of ${count}: expected a number from 0`,
    );
  });
});

describe('names of outputs', () => {
  it('have an escape for each byte that is not UTF-8', () => {
    expect(outputPath('out', outputName('stra\udcdfe 😀.jpg'), 'prediction')).toBe(
      join('out', 'stra%dfe 😀.png'),
    );
  });

  const all: OutputKind[] = ['prediction', 'probability', 'overlay', 'record'];

  it('are derived from the file name', () => {
    expect(all.map((kind) => outputPath('out', 'a.b', kind))).toEqual(
      ['a.b.png', 'a.b_prob.png', 'a.b_overlay.png', 'gallery/a.b.json'].map((name) => join('out', name)),
    );
  });

  it('may differ from the inputs only in their folder', () => {
    expect(() => checkOutputs(['in/a.png', 'in/b.jpg', 'in/a.b.jpg'], 'out', all)).not.toThrow();
  });

  it.each<[string[], OutputKind[], string]>([
    [['in/a.jpg', 'in/a.png'], ['prediction'], 'in/a.jpg and in/a.png would both be written to'],
    [
      ['in/a.jpg', 'in/a_prob.jpg'],
      ['prediction', 'probability'],
      'in/a.jpg and in/a_prob.jpg would both be',
    ],
    [['in/a_overlay.jpg', 'in/a.jpg'], ['prediction', 'overlay'], 'in/a_overlay.jpg and in/a.jpg would both'],
    [['out/a.png'], ['prediction'], 'out/a.png would be written over the input out/a.png'],
    [['out/b.jpg', 'out/./b.png'], ['prediction'], 'out/b.jpg would be written over the input out/./b.png'],
  ])('that collide are refused: %j', (files, outputs, message) => {
    expect(() => checkOutputs(files, 'out', outputs)).toThrow(message);
  });

  it('may collide in outputs that are not requested', () => {
    expect(() => checkOutputs(['in/a.jpg', 'in/a_prob.jpg'], 'out', ['prediction'])).not.toThrow();
  });
});

describe('resuming', () => {
  it('selects files that lack an output, in the given order', async () => {
    const out = await temporaryFolder();
    const outputs: OutputKind[] = ['prediction', 'record'];
    await mkdir(join(out, 'gallery'));
    await mkdir(join(out, 'folder.png'));
    for (const name of [
      'done.png',
      'gallery/done.json',
      'half.png',
      'gallery/folder.json',
      'gallery/empty.json',
    ]) {
      await writeFile(join(out, name), 'x');
    }
    await writeFile(join(out, 'empty.png'), '');
    const files = ['in/new.jpg', 'in/done.jpg', 'in/half.jpg', 'in/folder.jpg', 'in/empty.jpg'];
    expect(await unfinished(files, out, outputs)).toEqual([
      'in/new.jpg',
      'in/half.jpg',
      'in/folder.jpg',
      'in/empty.jpg',
    ]);
    expect(await unfinished(files, out, ['record'])).toEqual(['in/new.jpg', 'in/half.jpg']);
  });

  it('returns every file for an output folder that does not exist', async () => {
    expect(await unfinished(['in/a.jpg'], '/nowhere/out', ['prediction'])).toEqual(['in/a.jpg']);
  });
});
