/** Converts the content of a checkpoint to the tensors of a network. */
import { stat } from 'node:fs/promises';
import { type Advice, withAdvice } from '@inplace-abn/cli';
import { UsageError } from '@inplace-abn/core';
import { adaptWeights, imagesGraph, type Library, type NormMode } from '@inplace-abn/interop';
import type { Module } from '@inplace-abn/nn';
import type { StateTensor, StateTensors } from '@inplace-abn/session';
import type { NetworkConfig } from '../config/schema.js';
import type { TakeWeights, WeightsSource } from '../task/task.js';
import { type CheckpointContent, readWeights } from './checkpoint-file.js';
import { specsOf } from './mismatch.js';
import { originOf } from './origin.js';

const ADVICE: Advice = { ERR_SCALE: ', with network.bn_mode "standard"' };

/** The network that weights are loaded for. */
export interface Target {
  /** The modules to fill. */
  readonly network: Module;
  /** Configuration of the network, if it has one, for remarks on how the weights were trained. */
  readonly config?: NetworkConfig;
  /** Takes the weights as a task does. */
  takeWeights(network: Module, source: WeightsSource, how: TakeWeights): Map<string, StateTensor>;
}

export interface LoadWeights extends TakeWeights {
  /** Batch norm that the weights were trained with, for a file that does not record it. */
  readonly trainedWith?: NormMode;
}

/** Weights that were read for a network. */
export interface Weights {
  /** On the host, or read from the file on demand. */
  readonly tensors: StateTensors;
  /** Factors of slices of parameters, by name, if any of them changed sign in the conversion. */
  readonly turned: ReadonlyMap<string, Float32Array>;
  /** The file that was read. */
  readonly path: string;
  /** Notes to print. */
  readonly notes: readonly string[];
}

/**
 * Converts the weights of a checkpoint to the dtypes and the kind of batch norm of the network.
 *
 * @throws UsageError or CheckpointError, written for the user who named the file; it names a layer that
 * cannot be converted
 */
export async function weightsFor(
  target: Target,
  content: CheckpointContent,
  { trainedWith, ...how }: LoadWeights,
): Promise<Weights> {
  const { network, config } = target;
  const { path, model } = content;
  const origin = await originOf(content, trainedWith);
  const { tensors, turned, notes, library } = await withAdvice(ADVICE, () =>
    adaptWeights(network, model, {
      take: (named) => target.takeWeights(network, { tensors: named, found: model, path }, how),
      trained: origin.mode,
      graph: () => imagesGraph(network),
      source: path,
    }),
  );
  const trained = origin.network ?? (config && trainedBy(library, config));
  const remarks = [...converted(network, content), ...otherActivation(trained, config, how)];
  return { tensors, turned, path, notes: [...content.notes, ...remarks, ...notes] };
}

/**
 * Reads the weights for a network that is only tested. An error for a missing file calls it `noun`, and says
 * that it should be `expected`.
 *
 * @throws UsageError if the file is missing; UsageError or CheckpointError for weights of another network
 */
export async function loadWeights(
  target: Target,
  path: string,
  {
    noun = 'checkpoint',
    expected = 'a file, or a folder of checkpoints',
    trainedWith,
  }: {
    readonly noun?: string;
    readonly expected?: string;
    readonly trainedWith?: NormMode;
  } = {},
): Promise<Weights> {
  if (!(await stat(path).catch(() => null))) {
    throw new UsageError(`there is no ${noun} ${path}: expected ${expected}`);
  }
  return weightsFor(target, await readWeights(path), { use: 'testing', trainedWith });
}

function converted(network: Module, { model, path }: CheckpointContent): string[] {
  const other = new Set<string>();
  for (const [name, { dtype }] of specsOf(network)) {
    const found = model.get(name)?.dtype ?? dtype;
    if (found !== dtype) other.add(`${found} to ${dtype}`);
  }
  return other.size > 0 ? [`${path} is converted: ${[...other].join(', ')}`] : [];
}

type Activated = Pick<NetworkConfig, 'activation' | 'activation_param'>;

/** The activation of another library's network; undefined if unknown. */
function trainedBy(library: Library, { arch }: NetworkConfig): Activated | undefined {
  if (library === 'upstream' || arch.startsWith('tresnet')) return undefined;
  return { activation: 'relu', activation_param: 0 };
}

function otherActivation(
  trained: Activated | undefined,
  config: NetworkConfig | undefined,
  { use }: TakeWeights,
): string[] {
  if (!trained || !config) return [];
  const [before, now] = [trained, config].map(({ activation, activation_param }) =>
    activation === 'leaky_relu' || activation === 'elu' ? `${activation} ${activation_param}` : activation,
  );
  if (before === now) return [];
  const verb = use === 'testing' ? 'they are tested' : 'training goes on';
  return [`the weights were trained with ${before}; ${verb} with ${now}`];
}
