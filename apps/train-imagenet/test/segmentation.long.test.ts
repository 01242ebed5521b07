/** The segmentation experiments: one that learns in seconds, and the plan of one at full size. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpu } from '@inplace-abn/core';
import { ARCHITECTURES } from '@inplace-abn/models';
import { loadConfig, planReport, train } from '@inplace-abn/recipes';
import { collectVersions } from '@inplace-abn/train';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeShapes } from '../../../tools/segmentation-shapes/make.mjs';

function load(name: string) {
  const path = fileURLToPath(new URL(`../experiments/${name}.json`, import.meta.url));
  return loadConfig(path, { architectures: ARCHITECTURES });
}

describe('segmentation_shapes', () => {
  it('segments shapes in unseen images', async () => {
    const root = await mkdtemp(join(tmpdir(), 'segmentation-shapes-'));
    onTestFinished(() => rm(root, { recursive: true }));
    makeShapes(join(root, 'data'));
    const { validation } = await train({
      config: await load('segmentation_shapes'),
      data: join(root, 'data'),
      logDir: join(root, 'run'),
      device: cpu(),
      versions: collectVersions(import.meta.url),
      workers: 1,
      printFreq: 10,
      stream: { write: () => true },
    });
    expect(validation?.images).toBe(40);
    expect(validation?.miou).toBeGreaterThan(90);
    expect(validation?.accuracy).toBeGreaterThan(97);
  });
});

describe('vistas_wider_resnet38_a2', () => {
  it('is planned with the head in place', async () => {
    const { report } = planReport(await load('vistas_wider_resnet38_a2'), 2, cpu());
    expect(report.crop).toBe(672);
    const norms = report.layers.filter(({ op, path }) => op === 'abn_apply' && path.startsWith('head.'));
    expect(norms.map(({ path }) => path)).toEqual(['head.map_bn', 'head.global_pooling_bn', 'head.red_bn']);
    expect(norms.filter(({ inPlace }) => !inPlace)).toEqual([]);
    expect(report.bytes.activations / report.ordinary.activations).toBeLessThan(0.55);
  });
});
