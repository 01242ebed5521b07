/** Snapshots of segmentation networks in the format of the published one. */
import { join } from 'node:path';
import { type TorchValue, writeTorch } from '@inplace-abn/checkpoint';
import type { HostTensor } from '@inplace-abn/core';
import { temporaryFolder } from '../../../train/test/support/images.js';
import { initialStateOf, type SegmentationTaskConfig, segmentationNetworkOf } from '../../src/index.js';

/** Random weights of a configuration's network. */
export function weightsOf(config: SegmentationTaskConfig, seed: number): Map<string, HostTensor> {
  return initialStateOf(segmentationNetworkOf(config), config.network, seed);
}

/** Writes them as {state_dict: {body, head, cls}} and returns the path. */
export async function writeSnapshot(weights: ReadonlyMap<string, HostTensor>): Promise<string> {
  const path = join(await temporaryFolder(), 'snapshot.pth.tar');
  const parts = ['body', 'head', 'cls'].map((part) => {
    const own = [...weights].filter(([name]) => name.startsWith(`${part}.`));
    return [part, new Map(own.map(([name, tensor]) => [name.slice(part.length + 1), tensor]))] as const;
  });
  await writeTorch(path, new Map([['state_dict', new Map(parts)]]) as TorchValue);
  return path;
}
