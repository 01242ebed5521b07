import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newRunFolder, runFolderOf } from '../../src/index.js';
import { temporaryFolder } from '../support/images.js';

describe('newRunFolder', () => {
  it('is named after the configuration and the local time', () => {
    const now = new Date(2025, 0, 31, 23, 5, 9);
    expect(newRunFolder('experiments/demo_fashion_mnist.json', now)).toBe(
      join('runs', 'demo_fashion_mnist-20250131-230509'),
    );
    expect(newRunFolder('demo', now)).toBe(join('runs', 'demo-20250131-230509'));
  });
});

describe('runFolderOf', () => {
  it('finds the run of a checkpoint and rejects other folders', async () => {
    const run = await temporaryFolder();
    const checkpoints = join(run, 'checkpoints');
    await writeFile(join(run, 'config.json'), '{}');
    const paths = [checkpoints, join(checkpoints, 'best.safetensors'), join(run, 'checkpoint.pth.tar')];
    // A configuration next to a checkpoint belongs to the user.
    for (const path of paths) expect(runFolderOf(path)).toBeUndefined();
    await writeFile(join(run, 'versions.json'), '{}');
    await mkdir(checkpoints);
    for (const path of paths) expect(runFolderOf(path)).toBe(run);
  });
});
