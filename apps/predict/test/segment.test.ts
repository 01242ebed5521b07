/** Photographs segmented as by test-vistas. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandLineError } from '@inplace-abn/cli';
import { segmentingOptions } from '@inplace-abn/recipes';
import { Command } from 'commander';
import { beforeAll, describe, expect, it } from 'vitest';
import { rawSegmentation } from '../../../packages/recipes/test/support/label-maps.js';
import {
  makeScene,
  photo,
  type Scene,
  segmentScene,
} from '../../../packages/recipes/test/support/photographs.js';
import { Output } from '../../../packages/recipes/test/support/runs.js';
import { temporaryFolder } from '../../../packages/train/test/support/images.js';
import { checkOptions, checkTask, filesOf, type Options } from '../src/options.js';
import { segment as segmented } from '../src/segment.js';

const options = (given: Partial<Options> = {}): Options => ({
  top: 5,
  threshold: 0.5,
  batch: 32,
  workers: 2,
  printFreq: 10,
  scales: [1],
  fusionMode: 'mean',
  outputMode: 'raw',
  maxSize: 48,
  precision: 'float32',
  ...given,
});

const segment = (checkpoint: string, images: readonly string[], given: Options) =>
  segmented(checkpoint, images, given, new Output());

let scene: Scene;
let config: string;
beforeAll(async () => {
  scene = await makeScene();
  config = join(await temporaryFolder(), 'config.json');
  await writeFile(config, JSON.stringify(rawSegmentation()));
});

describe('a segmentation network', () => {
  it('writes the class maps and the page of test-vistas, for files and folders', async () => {
    const output = join(await temporaryFolder(), 'out');
    const deep = join(await temporaryFolder(), 'deep');
    await mkdir(deep);
    await writeFile(join(deep, 'e.png'), await photo('e.png', [24, 16]));
    const code = await segment(
      scene.snapshot,
      [scene.photos, deep],
      options({ output, config, outputMode: 'palette', overlay: true }),
    );
    expect(code).toBe(0);
    const { outDir } = await segmentScene(scene, { mode: 'palette', overlay: true });
    const files = (await readdir(outDir)).filter((name) => name.endsWith('.png'));
    expect(files).toHaveLength(8);
    for (const name of files) {
      expect(await readFile(join(output, name))).toEqual(await readFile(join(outDir, name)));
    }
    expect(await readFile(join(output, 'index.html'), 'utf8')).toContain('<h3>e.png</h3>');
    expect(await readdir(output)).toContain('e_overlay.png');
  });

  it('reports missing files, segments the others, and exits with 1', async () => {
    const output = join(await temporaryFolder(), 'out');
    const images = [
      join(scene.photos, 'd.png'),
      join(scene.photos, 'none.png'),
      join(scene.photos, '*.webp'),
    ];
    expect(await segment(scene.snapshot, images, options({ output, config }))).toBe(1);
    expect((await readdir(output)).sort()).toEqual(['d.png', 'gallery', 'index.html']);
  });

  it('requires a folder and photographs', async () => {
    await expect(segment(scene.snapshot, [scene.photos], options({ config }))).rejects.toThrow(
      `${scene.snapshot} holds a segmentation network: name a folder for its class maps with --output DIR`,
    );
    const output = join(await temporaryFolder(), 'out');
    const none = join(await temporaryFolder(), '*.png');
    await expect(segment(scene.snapshot, [none], options({ output, config }))).rejects.toThrow(
      'no images given',
    );
  });
});

describe('options', () => {
  it('for the other kind of network are refused by name', () => {
    const command = new Command().option('--top <n>').option('--output <dir>').option('--html <file>');
    for (const option of segmentingOptions()) command.addOption(option);
    command.parse(['--overlay', '--top', '3'], { from: 'user' });
    expect(() => checkTask(command, 'net.pth', 'classification')).toThrow(
      new CommandLineError('--overlay is for segmentation, but net.pth holds a classification network'),
    );
    expect(() => checkTask(command, 'net.pth', 'segmentation')).toThrow(
      '--top is for classification, but net.pth holds a segmentation network',
    );
  });

  it('may not name one file twice, counting the list of names of a matrix', () => {
    expect(filesOf(options({ npy: 'a.npy' }))).toEqual(['a.npy', 'a.txt']);
    expect(() => checkOptions([], options({ features: 'mod5', npy: 'a.npy', json: 'a.txt' }))).toThrow(
      /^two results would be written to .*a\.txt: name another file for one$/,
    );
  });
});
