/** Weights that a segmentation network starts from. */
import { join } from 'node:path';
import { type TensorMap, writeStateDict } from '@inplace-abn/checkpoint';
import type { HostTensor } from '@inplace-abn/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../train/test/support/images.js';
import { initialStateOf, networkOf, taskOf } from '../../src/index.js';
import { labeledFolder, segmentationConfigOf } from '../support/label-maps.js';
import { lastState, runTraining } from '../support/runs.js';

const config = segmentationConfigOf({ optimizer: { learning_rate: 0, weight_decay: 0 } });
const BODY = 'body.mod5.block2.convs.conv2.weight';

/** Weights of a seed other than the configuration's. */
const others = (changed = config) => initialStateOf(taskOf(changed).network(), changed.network, 9);

async function written(tensors: ReadonlyMap<string, HostTensor>): Promise<string> {
  const path = join(await temporaryFolder(), 'weights.pth');
  await writeStateDict(path, tensors as TensorMap);
  return path;
}

describe('a segmentation run starts', () => {
  let data: string;
  beforeAll(async () => {
    data = await labeledFolder();
  });

  /** The weights after a step that does not change them. */
  async function begun(resume: string, take: 'weights' | 'weights without classifier') {
    const logDir = join(await temporaryFolder(), 'run');
    await runTraining({ config, data, logDir, resume, take, maxSteps: 1 });
    return (await lastState(logDir)).model;
  }

  const own = initialStateOf(taskOf(config).network(), config.network, config.seed);

  it('from all weights of a checkpoint', async () => {
    const model = await begun(await written(others()), 'weights');
    for (const name of [BODY, 'head.red_conv.weight', 'cls.weight'])
      expect(model.get(name)?.data, name).toEqual(others().get(name)?.data);
  });

  it('from the body and head of a checkpoint for other classes', async () => {
    const path = await written(others(segmentationConfigOf({ network: { classes: 9 } })));
    await expect(begun(path, 'weights')).rejects.toThrow(/cls\.weight/);
    const model = await begun(path, 'weights without classifier');
    for (const name of [BODY, 'head.red_conv.weight'])
      expect(model.get(name)?.data, name).toEqual(others().get(name)?.data);
    expect(model.get('cls.weight')?.data).toEqual(own.get('cls.weight')?.data);
  });

  it('from a classification network, whose layers become its body', async () => {
    const classifier = initialStateOf(networkOf(config.network), config.network, 9);
    const path = await written(classifier);
    await expect(begun(path, 'weights')).rejects.toThrow(
      `${path} holds no segmentation network: drop the classifier to begin a run with the layers of a classification network as its body`,
    );
    const model = await begun(path, 'weights without classifier');
    expect(model.get(BODY)?.data).toEqual(classifier.get(BODY.replace('body.', ''))?.data);
    expect(model.get('head.red_conv.weight')?.data).toEqual(own.get('head.red_conv.weight')?.data);
  });
});
