/** Memory of a training process outside its plans. */
import { byteLength, type StateSpec } from '@inplace-abn/core';
import { ringBytes, shareSize, sizeOf, threadBytes, usefulPixels } from '@inplace-abn/data';
import { copiesPart, exactly, type ResidentPart } from '@inplace-abn/session';
import type { TrainConfig } from '../config/schema.js';
import { mixesBatches } from './mixing.js';

/** How a run reads its images. */
export interface LoadingOptions {
  /** Threads that decode; default 2. */
  readonly workers?: number;
  /** Limit for the pixels of an image; default: the loader's. */
  readonly maxPixels?: number;
  /** Processes that share each batch; default 1. */
  readonly processes?: number;
}

/**
 * The memory of a process that is not planned: loader buffers and threads, cached images, copies of states.
 */
export function aroundParts(
  config: TrainConfig,
  states: readonly StateSpec[],
  { workers = 2, maxPixels, processes = 1 }: LoadingOptions,
): ResidentPart[] {
  const { input, optimizer, network, task } = config;
  const share = { rank: 0, size: processes };
  const rows = shareSize(optimizer.batch_size, share);
  const more = mixesBatches(config) && processes > 1 ? 1 : 0;
  const common = {
    segmentation: task === 'segmentation',
    labelSets: task === 'multi-label' ? network.classes : 0,
  };
  const train = { ...sizeOf('crop', input.crop_train), ...common, rows: rows + more };
  const val = { ...sizeOf('crop', input.crop_val), ...common, rows };
  const largest = Math.max(maxPixels ?? usefulPixels(train), maxPixels ?? usefulPixels(val));
  return [
    exactly('batches in memory', ringBytes(train) + ringBytes(val)),
    { name: `${workers} loader threads`, ...threadBytes(workers, largest) },
    ...cachePart(config, processes),
    copiesPart(states.map(byteLength)),
  ];
}

/** Decoded images in memory, up to the limit of the cache. Without a limit their size is unknown here. */
function cachePart({ data: { cache, cache_limit: limit } }: TrainConfig, processes: number): ResidentPart[] {
  if (cache !== 'ram') return [];
  return limit < 0 ? [] : [exactly('decoded images', Math.floor(limit / processes))];
}
