/** Whole tests of a small trained network on the native device. */
import { readFileSync } from 'node:fs';
import { cp, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cpu } from '@inplace-abn/core';
import { evaluate } from '@inplace-abn/recipes';
import { beforeAll, describe, expect, it } from 'vitest';
import { tar } from '../../../../packages/data/test/tar.js';
import { configOf, Output, runTraining } from '../../../../packages/recipes/test/support/runs.js';
import {
  CLASSES,
  imageFolder,
  temporaryFolder,
  VAL_IMAGES,
} from '../../../../packages/train/test/support/images.js';
import { peersInProcess } from '../../../../packages/train/test/support/peers.js';
import { resultJson, type TestResult } from '../../src/evaluation/result.js';
import { type TestOptions, testNetwork } from '../../src/evaluation/test-network.js';

const config = configOf({ optimizer: { schedule: { epochs: 1 } } });
let data: string;
let checkpoint: string;
beforeAll(async () => {
  data = await imageFolder();
  const logDir = join(await temporaryFolder(), 'run');
  await runTraining({ config, data, logDir });
  checkpoint = join(logDir, 'checkpoints');
});

async function test(options: Partial<TestOptions> = {}): Promise<{ result: TestResult; text: string }> {
  const stream = new Output();
  const common = { config, checkpoint, data, device: cpu(), workers: 2, printFreq: 1, stream };
  const preparation = { crop: config.input.crop_val, scale: config.input.scale_val, tenCrops: false };
  const { result, stopped } = await testNetwork({ ...common, ...preparation, ...options });
  if (!result || 'labels' in result) throw new Error(`stopped by ${stopped}`);
  return { result, text: stream.text };
}

const copyOfVal = async () => {
  const copy = join(await temporaryFolder(), 'copy');
  await cp(join(data, 'val'), copy, { recursive: true });
  return copy;
};

/** The result without times. */
const findings = ({ seconds, ...rest }: TestResult) => rest;

describe('a test', () => {
  it('gives the result of validation', async () => {
    const stream = new Output();
    const options = { config, data, device: cpu(), workers: 1, printFreq: 1, resume: checkpoint, stream };
    const validation = await evaluate(options);
    const { result, text } = await test();
    const { top1, top5, images } = result;
    expect({ top1, top5, images }).toEqual({
      top1: validation.top1,
      top5: validation.top5,
      images: VAL_IMAGES,
    });
    expect(result.loss).toBeCloseTo(validation.loss, 6);
    expect(text).toMatch(/^testing \S+checkpoint-7\.safetensors on 15 images of 3 classes in \S+val\n/);
    expect(text).toMatch(/^test {2}step 2\/2 {2}loss .* eta 0:00$/m);
  });

  it.each([
    [2, 4],
    [3, 5],
    [4, 64],
    [5, 3],
  ])(
    'finds the same with %i processes in batches of %i, also of images that cannot be read',
    async (size, batchSize) => {
      const broken = await copyOfVal();
      await writeFile(join(broken, 'green', '02.png'), 'no image');
      await writeFile(join(broken, 'red', '04.png'), 'no image');
      const { result: alone } = await test({ data: broken, batchSize });
      const together = await Promise.all(
        peersInProcess(size).map((peers) => test({ data: broken, batchSize, peers })),
      );
      for (const { result, text } of together) {
        const { loss, ...rest } = findings(result);
        const { loss: wanted, ...others } = findings(alone);
        expect(rest).toEqual(others);
        expect(loss).toBeCloseTo(wanted, 9);
        expect(text === '').toBe(text !== together[0]?.text);
      }
      expect(alone.unreadable).toHaveLength(2);
    },
  );

  it.each([1, 4, 7, 15, 64])('counts every image once in batches of %i', async (batchSize) => {
    const { result } = await test({ batchSize });
    const { result: usual } = await test();
    expect(result.images).toBe(VAL_IMAGES);
    expect(result.confusion).toEqual(usual.confusion);
    expect(result.loss).toBeCloseTo(usual.loss, 5);
    expect(result.classes.map(({ name, images }) => [name, images])).toEqual(
      CLASSES.map((name) => [name, 5]),
    );
  });

  it('takes class folders that are not in val/, and a file of classes', async () => {
    const copy = await copyOfVal();
    const { result } = await test({ data: copy });
    const { result: usual } = await test();
    expect(findings({ ...result, data: '', worst: [] })).toEqual(findings({ ...usual, data: '', worst: [] }));
    await rm(join(copy, 'green'), { recursive: true });
    await expect(test({ data: copy })).rejects.toThrow('has 2 class folders but the network has 3 outputs');
    const classFile = join(await temporaryFolder(), 'classes.txt');
    await writeFile(classFile, 'blue\ngreen\tGrass\nred\n');
    const { result: two } = await test({ data: copy, classFile });
    expect(two.images).toBe(10);
    expect(two.classes.map(({ name }) => name)).toEqual(['blue', 'Grass', 'red']);
    expect(two.classes[2]).toEqual(usual.classes[2]);
    expect(two.classes[1]).toMatchObject({ images: 0, correct1: 0 });
  });

  it('leaves out unreadable images, and names them', async () => {
    const copy = await copyOfVal();
    const bad = [join(copy, 'blue', '01.png'), join(copy, 'blue', '02.png'), join(copy, 'red', '04.png')];
    for (const path of bad) await writeFile(path, 'no image');
    const { result, text } = await test({ data: copy, batchSize: 4 });
    for (const path of bad) await rm(path);
    const { result: without } = await test({ data: copy, batchSize: 4 });
    expect(result.images).toBe(12);
    expect(result.unreadable.map(({ path }) => path).toSorted()).toEqual(bad);
    for (const path of bad) expect(text).toContain(`cannot read ${path}: `);
    expect(result.confusion).toEqual(without.confusion);
    expect(result.loss).toBeCloseTo(without.loss, 6);
    expect(without.unreadable).toEqual([]);
  });

  it('lists wrong images, the most confident first', async () => {
    const copy = await copyOfVal();
    await rename(join(copy, 'blue', '00.png'), join(copy, 'red', '99.png'));
    const { result } = await test({ data: copy });
    const wrong = result.confusion.filter(({ label, predicted }) => label !== predicted);
    expect(result.worst.length).toBe(wrong.reduce((sum, { count }) => sum + count, 0));
    expect(result.worst.map(({ file }) => file)).toContain('red/99.png');
    const probabilities = result.worst.map(({ probability }) => probability);
    expect(probabilities).toEqual(probabilities.toSorted((a, b) => b - a));
  });

  it('has a result in JSON', async () => {
    const { result } = await test();
    const json = JSON.parse(JSON.stringify(resultJson(result)));
    const { arch, precision, top1, top5, loss, images } = result;
    expect(json).toMatchObject({ arch, precision, top1, top5, loss, images, crops: 1, crop: 16, scale: 18 });
    const [first] = json.classes;
    expect(first).toMatchObject({ label: 0, name: 'blue', images: 5, top5: 100 });
    expect(first.top1).toBe(20 * (result.classes[0]?.correct1 ?? -1));
    const counted = json.confusion.reduce((sum: number, [, , count]: number[]) => sum + (count ?? 0), 0);
    expect(counted).toBe(VAL_IMAGES);
    expect(json.unreadable).toEqual([]);
  });

  it('takes the labels of a list, in the order of the outputs', async () => {
    const dir = await temporaryFolder();
    const lines: string[] = [];
    for (const name of CLASSES) {
      for (const file of ['00.png', '01.png', '02.png', '03.png', '04.png']) {
        await cp(join(data, 'val', name, file), join(dir, 'flat', `${name}-${file}`));
        lines.push(`${name}-${file},${name}`);
      }
    }
    await writeFile(join(dir, 'list.csv'), lines.join('\n'));
    const named = { ...config, data: { ...config.data, val: 'flat', val_labels: 'list.csv' } };
    const { result: wanted } = await test();
    const { result } = await test({ config: named, data: dir });
    expect(result.classes).toEqual(wanted.classes);
    expect(result.loss).toBeCloseTo(wanted.loss, 6);
    // A list with fewer classes than the network.
    const blue = { ...config, data: { ...named.data, val_labels: 'blue.csv' } };
    await writeFile(join(dir, 'blue.csv'), lines.slice(10).join('\n'));
    const { result: few, text } = await test({ config: blue, data: dir });
    expect(few.classes.map(({ images }) => images)).toEqual([0, 0, 5]);
    expect(text).toContain('10 images in ');
    await writeFile(join(dir, 'blue.csv'), 'blue-00.png,violet');
    await expect(test({ config: blue, data: dir })).rejects.toThrow('blue.csv:1: violet is not one of the 3');
  });

  it('reads tar shards, in DIR/val or DIR', async () => {
    const dir = await temporaryFolder();
    const members = CLASSES.flatMap((name, label) =>
      ['00', '01'].flatMap((file) => [
        [`${name}${file}.png`, readFileSync(join(data, 'val', name, `${file}.png`))] as const,
        [`${name}${file}.cls`, String(label)] as const,
      ]),
    );
    await mkdir(join(dir, 'val'));
    await writeFile(join(dir, 'val', '0.tar'), tar(members));
    const { result } = await test({ data: dir });
    expect(result.classes.map(({ name, images }) => [name, images])).toEqual(
      CLASSES.map((name) => [name, 2]),
    );
    const { result: again } = await test({ data: join(dir, 'val') });
    expect(again.classes).toEqual(result.classes);
    expect(result.worst.every(({ file }) => file.startsWith('0.tar:'))).toBe(true);
  });

  it.each([
    ['nothing there', () => join(data, 'none'), /none does not exist: expected DIR\/val\/CLASS/],
    ['a folder with train/ alone', async () => withoutVal(), /holds train\/ but no val\/ .*name \S+train$/],
  ])('refuses %s', async (_, folder, message) => {
    await expect(test({ data: await folder() })).rejects.toThrow(message);
  });

  async function withoutVal(): Promise<string> {
    const copy = join(await temporaryFolder(), 'copy');
    await cp(data, copy, { recursive: true });
    await rm(join(copy, 'val'), { recursive: true });
    return copy;
  }

  it('needs a classifier', async () => {
    await expect(test({ config: configOf({ network: { classes: 0 } }) })).rejects.toThrow(
      'network.classes is 0: a network without a classifier cannot be tested',
    );
  });
});
