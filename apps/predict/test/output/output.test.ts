/** Every output format, for good and bad images. */

import { EventEmitter } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { coloredPng, temporaryFolder } from '../../../../packages/train/test/support/images.js';
import { Matrix } from '../../src/output/npy.js';
import { Page, SHOWN } from '../../src/output/page.js';
import { guessesOf, labelsOver, type Result, type Sink } from '../../src/output/result.js';
import { type Target, targetFor, watchReader } from '../../src/output/stream.js';
import { csv, csvOfLabels, jsonLines, readableLines } from '../../src/output/text.js';

class Text implements Target {
  text = '';
  async write(content: string | Uint8Array): Promise<void> {
    this.text += String(content);
  }
  async close(): Promise<void> {}
  async abandon(): Promise<void> {}
}

const RESULTS: readonly Result[] = [
  {
    file: 'a, "b".jpg',
    guesses: [
      { label: 2, name: 'cat', probability: 0.75 },
      { label: 0, name: 'dog\u001b[31m', probability: 0.125 },
    ],
  },
  { file: 'bad.jpg', error: 'it is not an image' },
];

async function textOf(make: (target: Target) => Sink, results = RESULTS): Promise<string[]> {
  const target = new Text();
  const sink = make(target);
  for (const result of results) await sink.add(result);
  await sink.close();
  return target.text.split('\n');
}

describe('guesses', () => {
  const names = (label: number) => `c${label}`;

  it('are the most probable classes by softmax; of equal ones the lower class comes first', () => {
    const guesses = guessesOf(Float32Array.of(0, Math.log(3), 0, Math.log(4)), 3, names);
    expect(guesses?.map(({ name }) => name)).toEqual(['c3', 'c1', 'c0']);
    expect(guesses?.[0]?.probability).toBeCloseTo(4 / 9, 6);
    expect(guessesOf(Float32Array.of(1), 5, names)).toEqual([{ label: 0, name: 'c0', probability: 1 }]);
    expect(guessesOf(Float32Array.of(1000, -1000), 1, names)?.[0]?.probability).toBe(1);
  });

  it('are null if a logit is not finite', () => {
    expect(guessesOf(Float32Array.of(1, Number.NaN), 1, names)).toBeNull();
    expect(guessesOf(Float32Array.of(Number.POSITIVE_INFINITY, 1), 1, names)).toBeNull();
  });
});

describe('labels', () => {
  const names = (label: number) => `c${label}`;

  it('are all labels whose probability reaches the threshold, the most probable first', () => {
    const logits = Float32Array.of(0, Math.log(3), -5, Math.log(3));
    expect(labelsOver(logits, 0.5, names)?.map(({ name }) => name)).toEqual(['c1', 'c3', 'c0']);
    expect(labelsOver(logits, 0.7, names)?.map(({ label }) => label)).toEqual([1, 3]);
    expect(labelsOver(logits, 0.7, names)?.[0]?.probability).toBeCloseTo(0.75, 6);
    expect(labelsOver(logits, 0.9, names)).toEqual([]);
    expect(labelsOver(Float32Array.of(1, Number.NaN), 0.5, names)).toBeNull();
  });

  it('are lists in a table, and none in a line if empty', async () => {
    const results = [...RESULTS, { file: 'empty.jpg', guesses: [] }];
    expect(await textOf(csvOfLabels, results)).toEqual([
      'file,error,labels,probabilities',
      '"a, ""b"".jpg",,cat;dog\u001b[31m,0.75;0.125',
      'bad.jpg,it is not an image,,',
      'empty.jpg,,,',
      '',
    ]);
    expect((await textOf(readableLines, results)).at(1)).toBe('empty.jpg: none');
  });
});

describe('results', () => {
  it('are readable lines without control characters', async () => {
    expect(await textOf(readableLines)).toEqual(['a, "b".jpg: cat 75.0 %, dog\\x1b[31m 12.5 %', '']);
  });

  it('are JSON lines', async () => {
    const [first, second] = await textOf(jsonLines);
    expect(JSON.parse(first ?? '')).toMatchObject({
      file: 'a, "b".jpg',
      predictions: [{ class: 'cat', label: 2, probability: 0.75 }, { label: 0 }],
    });
    expect(second).toBe('{"file":"bad.jpg","error":"it is not an image"}');
    const vector: Result = { file: 'v', vector: Float32Array.of(1, 2.5) };
    expect((await textOf(jsonLines, [vector]))[0]).toBe('{"file":"v","features":[1,2.5]}');
  });

  it('are rows of CSV under a header, which is written even without rows', async () => {
    expect(await textOf((target) => csv(target, 1))).toEqual([
      'file,error,class_1,label_1,probability_1',
      '"a, ""b"".jpg",,cat,2,0.75',
      'bad.jpg,it is not an image,,,',
      '',
    ]);
    expect(await textOf((target) => csv(target, 1), [])).toEqual([
      'file,error,class_1,label_1,probability_1',
      '',
    ]);
  });

  it('are a NumPy matrix with one row per image, NaN for unusable ones', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'f.npy');
    const sink = await Matrix.create(path, 2);
    await sink.add({ file: 'a.jpg', vector: Float32Array.of(1, 2) });
    await sink.add({ file: 'bad.jpg', error: 'no' });
    await sink.close();
    const bytes = await readFile(path);
    expect(bytes.toString('latin1', 0, 8)).toBe('\x93NUMPY\x01\x00');
    expect(bytes.readUInt16LE(8) + 10).toBe(128);
    expect(bytes.toString('latin1', 10, 128)).toMatch(
      /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(2, 2\), \} *\n$/,
    );
    const values = [128, 132, 136, 140].map((at) => bytes.readFloatLE(at));
    expect(values).toEqual([1, 2, Number.NaN, Number.NaN]);
    expect(await readFile(join(folder, 'f.txt'), 'utf8')).toBe('a.jpg\nbad.jpg\n');
    expect((await readdir(folder)).sort()).toEqual(['f.npy', 'f.txt']);
  });

  it('do not replace a device by a matrix', async () => {
    await expect(Matrix.create('/dev/null', 2)).rejects.toThrow(
      'cannot write /dev/null: a matrix needs a regular file',
    );
  });

  it('are a page with the first images', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, '<a>.png');
    await writeFile(file, coloredPng('red', 'a'));
    const path = join(folder, 'page.html');
    const page = new Page({ path, title: 'net: what it sees', facts: [['checkpoint', 'x']] });
    const guesses = [{ label: 0, name: 'cat & dog', probability: 0.75 }];
    await page.add({ file, guesses });
    await page.add({ file: 'bad.jpg', error: 'it is not an image' });
    for (let i = 0; i < SHOWN; i++) await page.add({ file: 'gone.png', guesses });
    await page.close();
    const html = await readFile(path, 'utf8');
    expect(html).toContain('src="data:image/png;base64,');
    expect(html).toContain('&lt;a&gt;.png');
    expect(html).toContain('<td>cat &amp; dog</td><td class="n">75.0 %</td>');
    expect(html).toContain('cannot be shown: ');
    expect(html).toContain(`The first ${SHOWN} of ${SHOWN + 1} images`);
    expect(html).toContain('<td>bad.jpg</td><td>it is not an image</td>');
  });
});

describe('a target', () => {
  it('waits for a slow reader, but not for one that has ended', async () => {
    const stdout = new PassThrough({ highWaterMark: 1 });
    const target = targetFor('-', stdout);
    let written = false;
    const writing = target.write('abc').then(() => {
      written = true;
    });
    await Promise.resolve();
    expect(written).toBe(false);
    stdout.resume();
    await writing;
    stdout.destroy();
    await target.write('more');
  });

  it('is a file that is replaced as a whole or stays unchanged', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'a.json');
    await writeFile(path, 'old');
    const abandoned = targetFor(path);
    await abandoned.write('half');
    await abandoned.abandon(new Error('no more'));
    expect(await readFile(path, 'utf8')).toBe('old');
    const target = targetFor(path);
    await target.write('new');
    await target.close();
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['a.json']);
  });

  it('has lost its reader after a failed write', () => {
    // Standard output stays writable, so the error is the only sign.
    const stdout = new EventEmitter();
    const reads = watchReader(stdout);
    expect(reads()).toBe(true);
    stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    expect(reads()).toBe(false);
  });

  it('throws if it cannot be written', async () => {
    const target = targetFor(join(await temporaryFolder(), 'gone', 'a.json'));
    await expect(target.close()).rejects.toThrow(/gone does not exist/);
  });
});
