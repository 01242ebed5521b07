/**
 * Takes a network's weights from a file, or explains why they do not fit, with advice for testing or
 * training.
 */
import {
  CLASSIFIERS,
  formatDifference,
  StateDictMismatch,
  type TensorSpec,
  takeStateDict,
} from '@inplace-abn/checkpoint';
import { type DType, UsageError } from '@inplace-abn/core';
import { ownNames } from '@inplace-abn/interop';
import { ARCHITECTURES } from '@inplace-abn/models';
import type { Module } from '@inplace-abn/nn';
import type { StateTensor } from '@inplace-abn/session';
import type { NetworkConfig } from '../config/schema.js';
import { networkOf } from '../network/network.js';
import type { TakeWeights, Use, WeightsSource } from '../task/task.js';

/** Lines of each kind in an error: enough to see the cause. */
const LINES = 8;

/** Prefixes of classifiers, including those of torchvision and timm. */
const ANY_CLASSIFIERS = [...CLASSIFIERS, 'fc.', 'classifier.'];

type Specs = ReadonlyMap<string, TensorSpec>;

/** Names, shapes and dtypes of a network's state dictionary. */
export function specsOf(network: Module): Map<string, TensorSpec<DType>> {
  return new Map(network.namedStates().map(({ name, shape, dtype }) => [name, { shape, dtype }]));
}

/** Advice for a file without a classifier, and for one with a classifier for other classes. */
const REMEDIES: Record<Use, { none: string; other: string }> = {
  testing: {
    none: '; testing needs one: use a checkpoint of the whole network',
    other:
      ' and test on images of those classes; without its classifier, the other layers can only start a training',
  },
  training: {
    none: ': start a run with them and a new classifier',
    other: ', or start a run with its other layers and a new classifier',
  },
};

/**
 * Takes all of a network's weights from those of a file, and converts other float dtypes; leaves out the
 * classifier if it is to be dropped. If weights do not fit, the error names the fix if there is one.
 */
export function takeWeights(
  network: Module,
  config: NetworkConfig,
  { tensors, found, path }: WeightsSource,
  { use, dropClassifier = false }: TakeWeights,
): Map<string, StateTensor> {
  try {
    return takeStateDict(specsOf(network), tensors, path, { convert: true, dropClassifier });
  } catch (error) {
    if (!(error instanceof StateDictMismatch)) throw error;
    const reason = error.classes
      ? otherClasses(error.classes.found, config, use)
      : otherNetwork(found, config, use);
    if (!reason) throw error;
    throw new UsageError(
      `${path} does not fit the network of the configuration: ${reason}\n${formatDifference(error.difference, LINES)}`,
      error.classes && use === 'training' ? { code: 'ERR_CLASSIFIER' } : {},
    );
  }
}

function otherClasses(classes: number, config: NetworkConfig, use: Use): string {
  if (classes === 0) return `it has no classifier, only the layers before it${REMEDIES[use].none}`;
  return (
    `its classifier is for ${classes} classes, network.classes is ${config.classes}. Set network.classes to ${classes}` +
    REMEDIES[use].other
  );
}

/**
 * Looks for a network that fits the file's names: another architecture, stem or number of classes.
 */
function otherNetwork(found: Specs, config: NetworkConfig, use: Use): string | null {
  const biases = ANY_CLASSIFIERS.flatMap((prefix) => found.get(`${prefix}bias`) ?? []);
  const classes = biases[0]?.shape[0] ?? 0;
  const archs = [config.arch, ...ARCHITECTURES.filter((arch) => arch !== config.arch)];
  for (const arch of archs) {
    for (const input_3x3 of [config.input_3x3, !config.input_3x3]) {
      for (const stem of [config.stem, config.stem === 'small' ? 'imagenet' : 'small'] as const) {
        const other = { ...config, arch, input_3x3, stem, classes };
        if (fits(other, found)) return settingsOf(other, config, use);
      }
    }
  }
  return null;
}

function fits(config: NetworkConfig, found: Specs): boolean {
  try {
    const network = networkOf(config);
    return sameShapes(specsOf(network), ownNames(network, found).tensors);
  } catch (error) {
    // Not every architecture takes every option.
    if (error instanceof UsageError) return false;
    throw error;
  }
}

/** Without matchStateDict's search for nearest names, which takes long if everything differs. */
function sameShapes(expected: Specs, found: Specs): boolean {
  const same = ([name, { shape }]: [string, TensorSpec]) => {
    const other = expected.get(name)?.shape;
    return other?.length === shape.length && shape.every((size, axis) => size === other[axis]);
  };
  const needed = [...expected.keys()].filter((name) => !name.endsWith('.num_batches_tracked'));
  return needed.every((name) => found.has(name)) && [...found].every(same);
}

function settingsOf(other: NetworkConfig, config: NetworkConfig, use: Use): string | null {
  // Training can begin with a new classifier.
  const keys = ['arch', 'input_3x3', 'stem', ...(use === 'testing' ? (['classes'] as const) : [])] as const;
  const settings = keys
    .filter((key) => other[key] !== config[key])
    .map((key) => `network.${key} ${JSON.stringify(other[key])} instead of ${JSON.stringify(config[key])}`);
  return settings.length > 0 ? `it belongs to another network; set ${settings.join(', ')}` : null;
}
