/** Bad input is refused before training, with one sentence, and nothing is written. */
import { existsSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cpu, type Device } from '@inplace-abn/core';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { openClassFolders } from '../../src/classification/data.js';
import { planReport } from '../../src/index.js';
import { configOf, runTraining } from '../support/runs.js';

/** The native device with some members replaced. */
function deviceWith(changes: Record<string, unknown>): Device {
  return Object.create(
    cpu(),
    Object.fromEntries(Object.entries(changes).map(([key, value]) => [key, { value }])),
  );
}

describe('a run is refused and creates no folder', () => {
  let data: string;
  let logDir: string;
  beforeAll(async () => {
    data = await imageFolder();
    logDir = join(await temporaryFolder(), 'run');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    expect(existsSync(logDir)).toBe(false);
  });

  async function copyOfData(): Promise<string> {
    const copy = join(await temporaryFolder(), 'data');
    await cp(data, copy, { recursive: true });
    return copy;
  }

  const refusal = (options: Partial<Parameters<typeof runTraining>[0]>) =>
    runTraining({ config: configOf(), data, logDir, ...options }).then(
      () => 'accepted',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );

  it.each([
    ['train', ''],
    ['val', ', or data.split, the share of the training images to validate on, such as 0.1'],
  ])('without DIR/%s', async (part, advice) => {
    const copy = await copyOfData();
    await rm(join(copy, part), { recursive: true });
    expect(await refusal({ data: copy })).toBe(
      `${join(copy, part)} does not exist: expected DIR/train/CLASS/*.{jpg,png,…} and DIR/val/CLASS/*${advice}`,
    );
  });

  it('when the classes of train and val differ', async () => {
    const copy = await copyOfData();
    await rename(join(copy, 'val', 'red'), join(copy, 'val', 'rot'));
    expect(await refusal({ data: copy })).toBe(
      `Training and validation classes differ; only in ${join(copy, 'train')}: red; only in ${join(copy, 'val')}: rot. ` +
        'Both folders need the same class folders.',
    );
  });

  it('for a class without images', async () => {
    const copy = await copyOfData();
    await mkdir(join(copy, 'train', 'yellow'));
    expect(await refusal({ data: copy })).toContain(`Class yellow has no image in ${join(copy, 'train')}`);
  });

  it('for more classes than the network has', async () => {
    expect(await refusal({ config: configOf({ network: { classes: 2 } }) })).toBe(
      `${data} has 3 classes but network.classes is 2: set it to 3`,
    );
  });

  it('for a batch larger than the data set', async () => {
    expect(await refusal({ config: configOf({ optimizer: { batch_size: 61 } }) })).toBe(
      `optimizer.batch_size is 61 but ${join(data, 'train')} holds only 60 images: choose a smaller batch`,
    );
  });

  it('for a batch norm with one value per channel, naming the layer', async () => {
    const config = configOf({ optimizer: { batch_size: 1 }, input: { crop_train: 8 } });
    expect(await refusal({ config })).toMatch(
      /^mod5\.block1\.convs\.bn1: one sample per channel .*larger batch/,
    );
  });

  it('for parts of one image, naming the key that makes them', async () => {
    const optimizer = { batch_size: 4, accumulate: 4 };
    expect(await refusal({ config: configOf({ optimizer, input: { crop_train: 8 } }) })).toMatch(
      /^mod5\.block1\.convs\.bn1: one sample per channel .* \(optimizer\.accumulate makes parts of 1 image\)$/,
    );
  });

  it('for a plan larger than memory, with the bytes needed and available', async () => {
    const allocate = vi.fn();
    const device = deviceWith({ availableBytes: () => 100_000, allocate });
    const config = configOf();
    const { report } = planReport(config, config.optimizer.batch_size, cpu());
    const message = await refusal({ device });
    expect(message).toMatch(
      /^the plan for batch 8 at 16×16 needs .* \(\d+ bytes\), and the rest of the process .* more, but only .* \(100000 bytes\) are available: lower optimizer\.batch_size or input\.crop_train$/,
    );
    const needed = Number(/\((\d+) bytes\), and/.exec(message)?.[1]);
    expect(needed).toBeGreaterThanOrEqual(report.totalBytes);
    expect(needed).toBeLessThan(1.5 * report.totalBytes);
    expect(allocate).not.toHaveBeenCalled();
  });
});

describe('a network with more outputs than there are class folders', () => {
  it('trains, and both numbers are printed', async () => {
    const data = await imageFolder();
    const notes = async (classes: number) =>
      (await openClassFolders(data, configOf({ network: { classes } }), { workers: 1 })).notes;
    expect(await notes(1000)).toEqual([
      `${data} has 3 classes but network.classes is 1000: no image is of the last 997. Set it to 3, unless the network needs the other outputs`,
    ]);
    expect(await notes(3)).toEqual([]);
  });
});
