/** Finds out how the weights of a file were trained. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { inspectCheckpoint } from '@inplace-abn/checkpoint';
import { UsageError } from '@inplace-abn/core';
import type { NormMode } from '@inplace-abn/interop';
import { ConfigError, resolveConfig } from '../config/config.js';
import { hasHash } from '../config/hash.js';
import { readJson } from '../config/read-json.js';
import type { NetworkConfig, TrainConfig } from '../config/schema.js';
import type { CheckpointContent } from './checkpoint-file.js';

export interface Origin {
  /** Undefined if unknown. */
  readonly mode?: NormMode;
  /** The network that was trained, if its configuration is next to the file. */
  readonly network?: NetworkConfig;
}

/**
 * Uses the file's own record, else the user's option, else the configuration in the run folder, else the list
 * of published models.
 *
 * @throws UsageError if the user contradicts the file
 */
export async function originOf(content: CheckpointContent, said: NormMode | undefined): Promise<Origin> {
  const { path, bnMode: recorded } = content;
  if (recorded && said && (recorded === 'standard') !== (said === 'standard')) {
    throw new UsageError(
      `${path} records that it was trained with bn_mode ${recorded}, but ${said} was given`,
    );
  }
  const network = (await trainedConfig(content))?.network;
  const mode = recorded ?? said ?? network?.bn_mode ?? (await publishedMode(content));
  return { mode, network };
}

/**
 * The configuration in the run folder of a checkpoint, if the checkpoint is in one and was trained with it.
 */
export async function trainedConfig({
  path,
  configHash: expected,
}: Pick<CheckpointContent, 'path' | 'configHash'>): Promise<TrainConfig | null> {
  const folder = dirname(path);
  const run = basename(folder) === 'checkpoints' ? dirname(folder) : folder;
  const file = join(run, 'config.json');
  if (!existsSync(file)) return null;
  try {
    const { value } = await readJson(file, 'a JSON training configuration');
    const config = resolveConfig(value, file, { ofRun: true });
    return expected === undefined || hasHash(expected, config, value) ? config : null;
  } catch (error) {
    // Some other program's config.json.
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

/**
 * The batch norm of a published upstream file. The segmentation model, which has no experiment, is in place.
 */
async function publishedMode({ path, format }: CheckpointContent): Promise<NormMode | undefined> {
  if (format !== 'torch-legacy') return undefined;
  const { published } = await inspectCheckpoint(path);
  if (!published) return undefined;
  return published.experiment?.includes('_stdbn_') ? 'standard' : 'inplace';
}
