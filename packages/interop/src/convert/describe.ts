/** Activations of converted networks, and the description of a converted file. */
import type { JsonValue, ModelDescription } from '@inplace-abn/checkpoint';
import { ACTIVATIONS, type Activation, UsageError } from '@inplace-abn/core';
import type { Recognized } from '../names/recognize.js';
import type { SegmentationParts } from '../names/segmentation.js';
import type { NormMode } from '../norms/mode.js';

export interface Active {
  readonly activation: Activation;
  readonly activationParam: number;
}

/** The layers of a network. */
export interface Layers extends Active {
  readonly norms: NormMode;
}

/** A file's description of its network, with two keys for interpreting its tensors. */
export interface Description extends ModelDescription {
  /** Architecture, as `createNetwork` names it. */
  readonly arch: string;
  /** Determines whether scales are γ or |γ| + ε. */
  readonly bn_mode: NormMode;
}

const LEAKY: Active = { activation: 'leaky_relu', activationParam: 0.01 };

/** The activation that a file's network was trained with; null if unknown. */
export function activationBefore({ library, arch }: Recognized, { config }: ModelDescription): Active | null {
  if (library !== 'upstream') {
    return arch.startsWith('tresnet')
      ? LEAKY
      : { activation: 'relu', activationParam: LEAKY.activationParam };
  }
  const network = config?.network;
  if (typeof network !== 'object' || network === null || !('activation' in network)) return null;
  const { activation: name, activation_param: parameter } = network;
  const activation = ACTIVATIONS.find((known) => known === name);
  if (!activation) return null;
  return { activation, activationParam: typeof parameter === 'number' ? parameter : LEAKY.activationParam };
}

/**
 * The layers of the converted network.
 *
 * @throws UsageError for an in-place network with an activation without an inverse
 */
export function layersWanted(options: Partial<Active>, norms: NormMode, before: Active | null): Layers {
  const { activation, activationParam = LEAKY.activationParam } = options;
  if (activation === 'relu' && norms !== 'standard') {
    throw new UsageError(
      'in-place batch norm cannot have relu, which has no inverse: choose leaky_relu, elu or identity, or standard batch norm',
    );
  }
  if (activation) return { norms, activation, activationParam };
  const kept = before && (norms === 'standard' || before.activation !== 'relu') ? before : LEAKY;
  return { norms, ...kept };
}

/** A note on a changed activation; null if both networks are the same function. */
export function approximation(before: Active, after: Active): string | null {
  const [from, to] = [before, after].map(words);
  if (from === to) return null;
  return `the weights were trained with ${from}, and ${to} approximates it: outputs differ until the network is trained a little more`;
}

function words({ activation, activationParam }: Active): string {
  return activation === 'leaky_relu' || activation === 'elu'
    ? `${activation} ${activationParam}`
    : activation;
}

/** Preprocessing of torchvision's published networks; most of timm's differ. */
const TORCHVISION = {
  scale: 256,
  crop: 224,
  interpolation: 'bilinear',
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} as const;

/** All published TResNets take colors from 0 to 1 without normalization. */
const TRESNET = { ...TORCHVISION, mean: [0, 0, 0], std: [1, 1, 1] } as const;

/** The description for the file of a converted network. */
export function describe(
  { library, arch, options, ...parts }: Recognized & { readonly segmentation?: SegmentationParts },
  own: ModelDescription,
  { norms, activation, activationParam }: Layers,
): Description {
  const { classes = 0, width = 1, input3x3 = false, stem = 'imagenet' } = options;
  const network: Readonly<Record<string, JsonValue>> = {
    arch,
    activation,
    activation_param: activationParam,
    bn_mode: norms,
    classes,
    width,
    stem,
    input_3x3: input3x3,
  };
  const published = arch.startsWith('tresnet')
    ? TRESNET
    : library === 'torchvision'
      ? TORCHVISION
      : undefined;
  const preprocessing = own.preprocessing ?? (parts.segmentation ? undefined : published);
  return {
    arch,
    bn_mode: norms,
    ...(own.classes && { classes: own.classes }),
    ...(own.colors && { colors: own.colors }),
    ...(preprocessing && { preprocessing }),
    config: {
      task: parts.segmentation ? 'segmentation' : 'classification',
      ...own.config,
      network: { ...asObject(own.config?.network), ...network },
      ...(parts.segmentation && {
        segmentation: { ...asObject(own.config?.segmentation), ...keysOf(parts.segmentation) },
      }),
    },
  };
}

function keysOf({ outputStride, head }: SegmentationParts): Readonly<Record<string, JsonValue>> {
  return {
    output_stride: outputStride,
    head_channels: head.channels,
    hidden_channels: head.hidden,
    head_dilations: [...head.dilations],
    pooling_size: head.poolingSize && [...head.poolingSize],
  };
}

function asObject(value: JsonValue | undefined): Readonly<Record<string, JsonValue>> {
  return isObject(value) ? value : {};
}

function isObject(value: JsonValue | undefined): value is Readonly<Record<string, JsonValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
