/** Unreadable and unusual images. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cpu } from '@inplace-abn/core';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { imageFolder, SIDE, temporaryFolder } from '../../../train/test/support/images.js';
import { peersInProcess } from '../../../train/test/support/peers.js';
import { evaluate } from '../../src/index.js';
import { configOf, Output, runTraining } from '../support/runs.js';

const ONE_EPOCH = { schedule: { epochs: 1 } };

/** Red images in every form that cameras and editors write. */
async function oddImages(): Promise<Record<string, Uint8Array>> {
  const red = sharp({ create: { width: 30, height: 24, channels: 3, background: '#c03232' } });
  const deep = new Uint16Array(SIDE * SIDE * 3).map((_, i) => (i % 3 === 0 ? 0xc000 : 0x3200));
  return {
    'alpha.png': await red.clone().ensureAlpha(0.5).png().toBuffer(),
    'cmyk.jpg': await red.clone().toColourspace('cmyk').jpeg().toBuffer(),
    'deep.png': encode({ width: SIDE, height: SIDE, channels: 3, depth: 16, data: deep }),
    'gray.jpg': await red.clone().grayscale().jpeg().toBuffer(),
    'rotated.jpeg': await red.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    'UPPER.JPG': await red.clone().jpeg().toBuffer(),
  };
}

describe('training', () => {
  it('reads unusual images', async () => {
    const [data, logDir] = [await imageFolder(), join(await temporaryFolder(), 'run')];
    for (const [name, image] of Object.entries(await oddImages())) {
      for (const part of ['train', 'val']) await writeFile(join(data, part, 'red', name), image);
    }
    const { validation } = await runTraining({ config: configOf({ optimizer: ONE_EPOCH }), data, logDir });
    expect(validation?.images).toBe(21);
    expect(JSON.parse(await readFile(join(logDir, 'summary.json'), 'utf8'))).toMatchObject({ skipped: 0 });
  });

  it('stops at an unreadable image and names it', async () => {
    const [data, logDir] = [await imageFolder(), join(await temporaryFolder(), 'run')];
    const path = join(data, 'train', 'green', '00.png');
    await writeFile(path, 'no image');
    const run = runTraining({ config: configOf({ optimizer: ONE_EPOCH }), data, logDir });
    await expect(run).rejects.toThrow(
      new RegExp(`^Cannot read the image ${path}: .*or set "unreadable": "skip" in the section input$`),
    );
    const advice = 'continue that run, which has no checkpoint yet and starts over, or start a new one';
    const options = { config: configOf({ optimizer: ONE_EPOCH }), data, logDir };
    await expect(runTraining(options)).rejects.toThrow(advice);
    await rm(path);
    const { validation } = await runTraining({ ...options, continueRun: true });
    expect(validation?.images).toBe(15);
  });

  it('skips unreadable images if configured to, and counts them on the console and in the report', async () => {
    const [data, logDir] = [await imageFolder(), join(await temporaryFolder(), 'run')];
    const bad = [join(data, 'train', 'green', '03.png'), join(data, 'val', 'blue', '01.png')];
    for (const path of bad) await writeFile(path, 'no image');
    // All 60 images are in one batch, so that none is dropped at the end of the epoch.
    const optimizer = { ...ONE_EPOCH, batch_size: 60 };
    const config = configOf({ optimizer, input: { unreadable: 'skip', unreadable_limit: 1 } });
    const { text } = await runTraining({ config, data, logDir });
    expect(text).toContain(`2 images that cannot be read were skipped so far, such as ${bad[1]}: `);
    expect(JSON.parse(await readFile(join(logDir, 'summary.json'), 'utf8'))).toMatchObject({ skipped: 2 });
    const report = await readFile(join(logDir, 'report.html'), 'utf8');
    for (const path of bad) expect(report).toContain(path);
  });

  it('counts images skipped before it was resumed, each once', async () => {
    const [data, logDir] = [await imageFolder(), join(await temporaryFolder(), 'run')];
    const bad = [join(data, 'train', 'green', '03.png'), join(data, 'val', 'blue', '01.png')];
    for (const path of bad) await writeFile(path, 'no image');
    const optimizer = { schedule: { epochs: 2 }, batch_size: 60 };
    const config = configOf({ optimizer, input: { unreadable: 'skip' } });
    const skipped = async () => JSON.parse(await readFile(join(logDir, 'summary.json'), 'utf8')).skipped;
    // One step is the epoch: validation comes after the resume.
    await runTraining({ config, data, logDir, maxSteps: 1 });
    expect(await skipped()).toBe(1);
    await writeFile(bad[0] ?? '', await readFile(join(data, 'train', 'green', '04.png')));
    const resume = join(logDir, 'checkpoints');
    const { text } = await runTraining({ config, data, logDir, resume, maxSteps: 2 });
    expect(text).toContain('2 images that cannot be read were skipped so far');
    expect(await skipped()).toBe(2);
    const report = await readFile(join(logDir, 'report.html'), 'utf8');
    for (const path of bad) expect(report).toContain(path);
    await runTraining({ config, data, logDir, resume });
    expect(await skipped()).toBe(2);
  });

  it('stops if more images are unreadable than may be skipped', async () => {
    const [data, logDir] = [await imageFolder(), join(await temporaryFolder(), 'run')];
    await rm(join(data, 'train', 'green', '00.png'));
    for (const name of ['01', '02']) await writeFile(join(data, 'train', 'green', `${name}.png`), 'no image');
    const optimizer = { ...ONE_EPOCH, batch_size: 59 };
    const config = configOf({ optimizer, input: { unreadable: 'skip', unreadable_limit: 1 } });
    await expect(runTraining({ config, data, logDir })).rejects.toThrow(
      /^2 unreadable images, but at most 1 may be skipped.* or raise the limit \(input\.unreadable_limit\)\.$/,
    );
  });

  it('counts the images that all processes of an evaluation skip against one limit', async () => {
    const [data, logDir] = [await imageFolder(), join(await temporaryFolder(), 'run')];
    const config = configOf({ optimizer: ONE_EPOCH });
    await runTraining({ config, data, logDir, maxSteps: 1 });
    // One unreadable image for each of two processes.
    const bad = [join(data, 'val', 'blue', '00.png'), join(data, 'val', 'blue', '04.png')];
    for (const path of bad) await writeFile(path, 'no image');
    const evaluations = (unreadable_limit: number) =>
      peersInProcess(2).map((peers) => {
        const input = { ...config.input, unreadable: 'skip' as const, unreadable_limit };
        const stream = new Output();
        const common = { data, device: cpu(), workers: 1, printFreq: 1, resume: join(logDir, 'checkpoints') };
        return evaluate({ ...common, config: { ...config, input }, stream, peers }).then(() => stream.text);
      });
    const [first, second] = await Promise.all(evaluations(2));
    expect(first).toContain('2 images that cannot be read were skipped so far');
    expect(second).toBe('');
    for (const { status, ...result } of await Promise.allSettled(evaluations(1))) {
      expect(status).toBe('rejected');
      expect(String('reason' in result && result.reason)).toContain(
        '2 unreadable images, but at most 1 may be',
      );
    }
  });
});
