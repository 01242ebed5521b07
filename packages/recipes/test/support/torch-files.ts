/** Contents of PyTorch files, for the tests of runs that write and read them. */
import { join } from 'node:path';
import type { HostTensor, TorchValue } from '@inplace-abn/checkpoint';
import { expect } from 'vitest';
import { temporaryFolder } from '../../../train/test/support/images.js';
import { networkOf, type TrainConfig } from '../../src/index.js';
import { bytesOf } from './runs.js';

export function expectSameTensor(
  actual: TorchValue | undefined,
  expected: HostTensor | undefined,
  name: string,
): void {
  if (!expected || !actual || typeof actual !== 'object' || !('data' in actual)) expect.fail(name);
  expect({ ...actual, data: undefined }, name).toEqual({ ...expected, data: undefined });
  expect(bytesOf(actual).equals(bytesOf(expected)), name).toBe(true);
}

type Dict = ReadonlyMap<string | number, TorchValue>;

export function dict(value: TorchValue | undefined): Dict {
  if (value instanceof Map) return value;
  return expect.fail(`${String(value)} is not a dictionary`);
}

export function list(value: TorchValue | undefined): readonly TorchValue[] {
  if (Array.isArray(value)) return value;
  return expect.fail(`${String(value)} is not a list`);
}

export const newFolder = async () => join(await temporaryFolder(), 'run');

/** Names of all parameters, the classifier's last. */
export function parameters(config: TrainConfig): string[] {
  return networkOf(config.network)
    .namedStates()
    .flatMap(({ name, kind }) => (kind === 'parameter' ? [name] : []));
}
