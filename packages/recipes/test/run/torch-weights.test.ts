/** Files that hold only weights: evaluating them, starting from them, and refusing them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type HostTensor, type TensorMap, writeStateDict, writeTorch } from '@inplace-abn/checkpoint';
import { cpu } from '@inplace-abn/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { evaluate } from '../../src/index.js';
import { configOf, lastState, Output, type RunOptions, runTraining } from '../support/runs.js';
import { expectSameTensor, newFolder, parameters } from '../support/torch-files.js';

const sgd = configOf({ optimizer: { nesterov: true, classifier_lr: 0.1, schedule: { epochs: 2 } } });

describe('weights', () => {
  let data: string;
  let run: string;
  let model: TensorMap;
  beforeAll(async () => {
    data = await imageFolder();
    run = await newFolder();
    await runTraining({ config: sgd, data, logDir: run });
    model = (await lastState(run)).model;
  });
  const checkpoint = () => join(run, 'checkpoint.pth.tar');

  const fresh = (options: Partial<RunOptions>) => ({ config: sgd, data, ...options });

  async function written(name: string, tensors: TensorMap = model): Promise<string> {
    const path = join(await temporaryFolder(), name);
    await writeStateDict(path, tensors);
    return path;
  }

  it.each(['weights.pth', 'weights.safetensors'])('evaluate to the same numbers as %s', async (name) => {
    const options = { config: sgd, data, device: cpu(), workers: 1, printFreq: 1 };
    const results = [];
    for (const resume of [join(run, 'checkpoints'), checkpoint(), await written(name)]) {
      results.push(await evaluate({ ...options, resume, stream: new Output() }));
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('start a run at epoch 1', async () => {
    const [logDir, resume] = [await newFolder(), await written('weights.pth')];
    const { text } = await runTraining(fresh({ logDir, resume, maxSteps: 1 }) as RunOptions);
    expect(text).toContain(`weights from ${resume}: training starts at epoch 1 with a new optimizer`);
    expect((await lastState(logDir)).meta).toMatchObject({ epoch: 0, step: 1 });
  });

  it('can be the only part taken from a checkpoint', async () => {
    const config = configOf({ optimizer: { type: 'Adam', learning_rate: 0, weight_decay: 0 } });
    const logDir = await newFolder();
    const take = 'weights';
    await runTraining({ config, data, logDir, resume: checkpoint(), take, maxSteps: 1 });
    const after = await lastState(logDir);
    expect(after.meta).toMatchObject({ epoch: 0, step: 1, bestTop1: 0 });
    for (const name of parameters(sgd)) {
      expectSameTensor(after.model.get(name), model.get(name), name);
    }
  });

  it('get a new classifier for other classes', async () => {
    const config = configOf({ network: { classes: 7 }, optimizer: { learning_rate: 0 } });
    const [logDir, take] = [await newFolder(), 'weights without classifier' as const];
    const { text } = await runTraining({ config, data, logDir, resume: checkpoint(), take, maxSteps: 1 });
    expect(text).toContain('has 3 classes but network.classes is 7');
    const after = await lastState(logDir);
    expect(after.model.get('classifier.fc.bias')?.shape).toEqual([7]);
    expect(after.model.get('classifier.fc.weight')?.data.some((value) => value !== 0)).toBe(true);
    const conv = 'mod5.block2.convs.conv2.weight';
    expectSameTensor(after.model.get(conv), model.get(conv), conv);
  });

  /** A file with the run's weights in another dtype, all zeros. */
  const converted = async (
    dtype: 'float16' | 'int32',
    zerosOf: (length: number) => Uint16Array | Int32Array,
  ): Promise<string> => {
    const other = [...model].map(([name, tensor]): [string, HostTensor] => [
      name,
      tensor.dtype === 'float32'
        ? ({ dtype, shape: tensor.shape, data: zerosOf(tensor.data.length) } as HostTensor)
        : tensor,
    ]);
    const path = join(await temporaryFolder(), `${dtype}.pth`);
    await writeTorch(path, new Map(other));
    return path;
  };

  it('of half precision become float32', async () => {
    const config = configOf({ optimizer: { learning_rate: 0 } });
    const [logDir, take] = [await newFolder(), 'weights' as const];
    const resume = await converted('float16', (length) => new Uint16Array(length));
    await runTraining({ config, data, logDir, resume, take, maxSteps: 1 });
    const weight = (await lastState(logDir)).model.get('mod1.conv1.weight');
    expect(weight?.dtype).toBe('float32');
    expect(weight?.data.every((value) => Number(value) === 0)).toBe(true);
  });

  it('that are not floats are refused, with nothing written', async () => {
    const resume = await converted('int32', (length) => new Int32Array(length));
    const logDir = await newFolder();
    await expect(runTraining({ config: sgd, data, logDir, resume })).rejects.toThrow(
      'int32 instead of float32',
    );
    expect(existsSync(logDir)).toBe(false);
  });
});
