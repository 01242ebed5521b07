/** Training runs of a small network within the test's process. */
import { join } from 'node:path';
import { listCheckpoints, loadRunState, type RunState } from '@inplace-abn/checkpoint';
import { cpu } from '@inplace-abn/core';
import { ARCHITECTURES } from '@inplace-abn/models';
import type { TrainOutcome } from '@inplace-abn/train';
import { expect } from 'vitest';
import { resolveConfig, type TrainConfig, type TrainOptions, train } from '../../src/index.js';

/** Batches of an epoch over the 60 training images of `imageFolder`; the last four images do not fill one. */
export const STEPS_PER_EPOCH = 7;

interface Sections {
  task?: string;
  data?: Record<string, unknown>;
  network?: Record<string, unknown>;
  optimizer?: Record<string, unknown> & { schedule?: object };
  input?: Record<string, unknown>;
  loss?: Record<string, unknown>;
  mix?: Record<string, unknown>;
  ema?: Record<string, unknown>;
  control?: Record<string, unknown>;
  deterministic_world?: number;
  seed?: number;
}

/**
 * Contents of a configuration file for the images of `imageFolder`, with the given sections merged into it.
 */
export function rawConfig({ network, optimizer, input, seed = 1, ...others }: Sections = {}) {
  return {
    network: {
      arch: 'resnet18',
      activation: 'leaky_relu',
      bn_mode: 'inplace',
      classes: 3,
      stem: 'small',
      width: 0.1,
      ...network,
    },
    optimizer: {
      batch_size: 8,
      learning_rate: 0.05,
      ...optimizer,
      schedule: { epochs: 2, ...optimizer?.schedule },
    },
    input: { crop_train: 16, scale_val: 18, crop_val: 16, ...input },
    ...others,
    seed,
  };
}

export function configOf(sections: Sections = {}): TrainConfig {
  return resolveConfig(rawConfig(sections), 'test.json', { architectures: ARCHITECTURES });
}

/** Collects what a run prints. */
export class Output {
  text = '';

  write(text: string): void {
    this.text += text;
  }
}

export const VERSIONS = { node: 'v0', platform: 'test', cpu: 'test', cores: 1, memoryBytes: 1, packages: {} };

export type RunOptions = Pick<TrainOptions, 'data' | 'logDir' | 'config'> & Partial<TrainOptions>;

/** Trains on the native device. */
export async function runTraining(options: RunOptions): Promise<TrainOutcome & { text: string }> {
  const output = new Output();
  const common = { device: cpu(), versions: VERSIONS, workers: 2, printFreq: 1, stream: output };
  const outcome = await train({ ...common, ...options });
  return { ...outcome, text: output.text };
}

/** The state in the checkpoint of a run's last step. */
export async function lastState(logDir: string): Promise<RunState> {
  const [newest] = await listCheckpoints(join(logDir, 'checkpoints'));
  if (!newest) throw new Error(`no checkpoint in ${logDir}`);
  return loadRunState(newest.path);
}

/** Asserts that both runs stand at the same step with the same bits in every tensor. */
export function expectSameState(actual: RunState, expected: RunState): void {
  for (const part of ['model', 'optimizer'] as const) {
    expect([...actual[part].keys()]).toEqual([...expected[part].keys()]);
    expect(expected[part].size).toBeGreaterThan(50);
    for (const [name, tensor] of expected[part]) {
      expect(bytesOf(actual[part].get(name)).equals(bytesOf(tensor)), name).toBe(true);
    }
  }
  const stand = Object.entries(expected.meta).filter(([key]) => /^(epoch|step|best.*)$/.test(key));
  expect(stand.length).toBe(3);
  expect(actual.meta).toMatchObject(Object.fromEntries(stand));
}

/** The bytes of a tensor: comparing megabytes of elements with toEqual takes minutes. */
export function bytesOf(tensor: { data: ArrayBufferView } | undefined): Buffer {
  if (!tensor) return Buffer.alloc(0);
  const { buffer, byteOffset, byteLength } = tensor.data;
  return Buffer.from(buffer, byteOffset, byteLength);
}
