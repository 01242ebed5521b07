/**
 * Converts the weights of a file to a checkpoint of this project, with the requested batch norm and
 * activation.
 */
import {
  openStateDict,
  readDescription,
  type TensorContent,
  type TensorContents,
  takeStateDict,
} from '@inplace-abn/checkpoint';
import type { Activation } from '@inplace-abn/core';
import { createNetwork } from '@inplace-abn/models';
import type { Module } from '@inplace-abn/nn';
import type { Library } from '../names/libraries.js';
import { describeNetwork, type Recognized, recognize } from '../names/recognize.js';
import { isSegmentation, recognizeSegmentation, segmentationOf } from '../names/segmentation.js';
import { normLayers } from '../norms/layers.js';
import { type NormMode, recordedNorms } from '../norms/mode.js';
import type { StateTensors } from '../norms/scale-channels.js';
import { adaptWeights, imagesGraph } from './adapt.js';
import {
  activationBefore,
  approximation,
  type Description,
  describe,
  type Layers,
  layersWanted,
} from './describe.js';
import { checkFinite } from './finite.js';

/** Options of converting the weights of a file. */
export interface ConvertOptions {
  /** Naming convention of the file; default: recognized. */
  readonly from?: Library;
  /** Architecture of the file. Default: recognized by names and shapes. */
  readonly arch?: string;
  /** The requested batch norm; default `inplace`. */
  readonly bn?: NormMode;
  /**
   * The requested activation; default: the file's, or leaky ReLU if in-place layers do not support that.
   */
  readonly activation?: Activation;
  /** Slope of leaky_relu, α of elu; default 0.01. */
  readonly activationParam?: number;
  /** Key of the weights in the file, as in openStateDict. */
  readonly key?: string;
  /** The batch norm that the weights were trained with, for a file that does not record it. */
  readonly trainedWith?: NormMode;
}

/** A network with its weights, which are read on demand. */
export interface WeightedNetwork {
  /** The modules. */
  readonly network: Module;
  /** Tensors by the names of the network's state dictionary. */
  readonly tensors: StateTensors;
}

/** A classifier, or a segmentation network with its parts. */
export type RecognizedNetwork = Recognized | ReturnType<typeof recognizeSegmentation>;

/** Converted weights, and a description of the conversion. */
export interface Conversion {
  /** The recognized network, in words. */
  readonly took: string;
  /** Library, architecture and options, from names and shapes. */
  readonly recognized: RecognizedNetwork;
  /** The network before the conversion. */
  original(): Promise<WeightedNetwork>;
  /** The network and weights that {@link writeConversion} writes. */
  readonly converted: WeightedNetwork;
  /** Whether both networks have the same outputs, except for rounding. */
  readonly exact: boolean;
  /** Sentences about the changes. */
  readonly notes: readonly string[];
  /** Description of the network for the written file. */
  readonly description: Description;
}

/**
 * Reads a file of torchvision, timm, upstream or this project, and converts its weights.
 *
 * @throws UsageError for an unknown network (code ERR_OTHER_NETWORK), weights with NaN or infinities
 *   (ERR_NOT_FINITE_WEIGHTS), scales that in-place layers cannot have (ERR_SCALE), and an activation that
 *   they cannot have; UnknownOriginError (ERR_UNKNOWN_ORIGIN); CheckpointError for a file that is not a
 *   checkpoint
 */
export async function convertWeights(path: string, options: ConvertOptions = {}): Promise<Conversion> {
  const { from, arch, key, bn = 'inplace' } = options;
  const { tensors: all, rest } = await openStateDict(path, key === undefined ? {} : { key });
  await checkFinite(all, path);
  const how = { source: path, library: from, arch };
  const described = await readDescription(path);
  const recognized = isSegmentation(all) ? recognizeSegmentation(all, described, how) : recognize(all, how);
  const { library, prefix } = recognized;
  const own = library === 'upstream' ? described : {};
  const trained =
    recordedNorms((name) => rest.get(name)) ??
    options.trainedWith ??
    (library === 'upstream' ? undefined : 'standard');
  const before = activationBefore(recognized, own);
  const wanted = layersWanted(options, bn, before);
  const weights: Weights = {
    path,
    trained,
    recognized,
    tensors: new Map([...all].map(([name, tensor]) => [name.slice(prefix.length), tensor])),
  };
  const converted = await load(weights, wanted);
  const note = before && approximation(before, wanted);
  return {
    took: describeNetwork(recognized),
    recognized,
    original: () => load(weights, { ...wanted, ...before, norms: trained ?? bn }),
    converted,
    exact: !note,
    notes: [...converted.notes, ...(note ? [note] : [])],
    description: describe(recognized, own, wanted),
  };
}

interface Weights {
  readonly path: string;
  readonly trained: NormMode | undefined;
  readonly recognized: RecognizedNetwork;
  readonly tensors: TensorContents;
}

async function load(
  { path, trained, recognized, tensors }: Weights,
  { norms, activation, activationParam }: Layers,
): Promise<WeightedNetwork & { notes: readonly string[] }> {
  const normAct = normLayers(norms, activation, activationParam);
  const { arch, options } = recognized;
  const network =
    'segmentation' in recognized
      ? segmentationOf(recognized, normAct)
      : createNetwork(arch, { ...options, normAct });
  const specs = new Map(network.namedStates().map(({ name, shape, dtype }) => [name, { shape, dtype }]));
  const adapted = await adaptWeights(network, tensors, {
    take: (named: ReadonlyMap<string, TensorContent>) => takeStateDict(specs, named, path, { convert: true }),
    trained,
    graph: () => imagesGraph(network),
    source: path,
  });
  return { network, tensors: adapted.tensors, notes: adapted.notes };
}
