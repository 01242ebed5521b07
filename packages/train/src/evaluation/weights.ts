/** From a checkpoint to the tensors that the network under test wants. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  type CheckpointFormat,
  inspectCheckpoint,
  loadLatest,
  readStateDict,
  type TensorMap,
} from '@inplace-abn/checkpoint';
import { type HostTensor, UsageError } from '@inplace-abn/core';
import type { Module } from '@inplace-abn/nn';
import { ConfigError, loadConfig } from '../config/config.js';
import type { NetworkConfig, TrainConfig } from '../config/schema.js';
import { configHash } from '../run/state.js';
import { specsOf, takeWeights } from './mismatch.js';
import { transferScales } from './scales.js';

export interface Weights {
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** The file that was read. */
  readonly path: string;
  /** Sentences for the user. */
  readonly notes: readonly string[];
}

/**
 * Reads the weights for `network` from a checkpoint (of torch.save or safetensors), or from the newest training state
 * of a folder. Where its run folder tells
 * how they were trained, they are carried over: other activation, ordinary and in-place batch norm.
 *
 * @throws UsageError or CheckpointError in the words of who runs the test
 */
export async function loadWeights(network: Module, config: NetworkConfig, path: string): Promise<Weights> {
  const file = await readWeights(path, 'checkpoint', 'a file, or a folder of checkpoints');
  const taken = takeWeights(network, config, file, { use: 'testing' });
  const trained = (await trainedConfig(file))?.network;
  const mode = trained ? trained.bn_mode : await publishedMode(file);
  const { tensors, notes } = transferScales(network, taken, mode, file.path);
  const before = [...file.notes, ...converted(network, file), ...otherActivation(trained, config)];
  return { tensors, path: file.path, notes: [...before, ...notes] };
}

export interface WeightsFile {
  readonly tensors: TensorMap;
  readonly path: string;
  readonly notes: readonly string[];
  readonly format: CheckpointFormat;
  /** Digest of the configuration that it was trained with. */
  readonly configHash?: string;
}

/**
 * The tensors of a file, or of the newest whole training state of a folder. `noun` and `expected` are what the error for a
 * missing one calls it.
 */
export async function readWeights(path: string, noun: string, expected: string): Promise<WeightsFile> {
  const kind = await stat(path).catch(() => null);
  if (!kind) throw new UsageError(`there is no ${noun} ${path}: expected ${expected}`);
  if (!kind.isDirectory()) {
    const { tensors, format, rest } = await readStateDict(path, { weightsOnly: true });
    const hash = rest.get('configHash');
    return { tensors, path, notes: [], format, configHash: typeof hash === 'string' ? hash : undefined };
  }
  const { state, path: used, rejected } = await loadLatest(path);
  const notes = rejected.map((file) => `passed over ${file.path}: ${file.reason}`);
  const configHash = state.meta.configHash;
  return { tensors: state.model, path: used, notes, format: 'safetensors', configHash };
}

/** The configuration in the run folder of a checkpoint, if that is where it lies and what it was trained with. */
async function trainedConfig({ path, configHash: expected }: WeightsFile): Promise<TrainConfig | null> {
  const folder = dirname(path);
  const run = basename(folder) === 'checkpoints' ? dirname(folder) : folder;
  const file = join(run, 'config.json');
  if (!existsSync(file)) return null;
  try {
    const config = await loadConfig(file);
    return expected === undefined || configHash(config) === expected ? config : null;
  } catch (error) {
    // Some other program's config.json.
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

/** How one of upstream's published files was trained, which its experiment's name says. */
async function publishedMode({ path, format }: WeightsFile): Promise<NetworkConfig['bn_mode'] | undefined> {
  if (format !== 'torch-legacy') return undefined;
  const experiment = (await inspectCheckpoint(path)).published?.experiment;
  if (experiment === undefined) return undefined;
  return experiment.includes('_stdbn_') ? 'standard' : 'inplace';
}

function converted(network: Module, { tensors, path }: WeightsFile): string[] {
  const other = new Set<string>();
  for (const [name, { dtype }] of specsOf(network)) {
    const found = tensors.get(name)?.dtype ?? dtype;
    if (found !== dtype) other.add(`${found} to ${dtype}`);
  }
  return other.size > 0 ? [`${path} is converted: ${[...other].join(', ')}`] : [];
}

function otherActivation(trained: NetworkConfig | undefined, config: NetworkConfig): string[] {
  if (!trained) return [];
  const [before, now] = [trained, config].map(({ activation, activation_param }) =>
    activation === 'leaky_relu' || activation === 'elu' ? `${activation} ${activation_param}` : activation,
  );
  return before === now ? [] : [`the weights were trained with ${before}; they are tested with ${now}`];
}
