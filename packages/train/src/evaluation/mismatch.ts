/** Why a checkpoint does not fit the network, in the words of who runs the test. */
import {
  formatDifference,
  isEmptyDifference,
  matchStateDict,
  type StateDictDifference,
  type TensorSpec,
} from '@inplace-abn/checkpoint';
import { UsageError } from '@inplace-abn/core';
import type { Module } from '@inplace-abn/nn';
import type { NetworkConfig } from '../config/schema.js';
import { ARCHITECTURES, networkOf } from '../step/network.js';
import { CLASSIFIER_PREFIX } from '../step/training-step.js';

type Specs = ReadonlyMap<string, TensorSpec>;

/** Lines of each kind in an error: enough to see what is the matter. */
const LINES = 8;

/** What to do about a file without a classifier, and about one with a classifier for other classes. */
const CLASSIFIER_REMEDIES = {
  testing: {
    none: '; a test needs one: take the checkpoint of a whole network',
    other:
      ' and test on images of those classes; without its classifier the rest could only be a start for training',
  },
  training: {
    none: ': begin a run with them and a new classifier with --drop-classifier',
    other: ', or begin a run with its other layers and a new classifier with --drop-classifier',
  },
};

/** Throws UsageError with the likely reason and fix unless the tensors of a file fit the network. */
export function checkFitsNetwork(
  network: Module,
  config: NetworkConfig,
  found: Specs,
  source: string,
  use: keyof typeof CLASSIFIER_REMEDIES = 'testing',
): void {
  const difference = matchStateDict(specsOf(network), found);
  if (isEmptyDifference(difference)) return;
  const reason =
    otherDtype(difference) ??
    otherClasses(difference, found, config, use) ??
    otherArchitecture(found, config) ??
    `it has ${found.size} tensors, of which ${matching(difference, found)} fit ${config.arch}`;
  throw new UsageError(
    `${source} does not fit the network of the configuration: ${reason}\n${formatDifference(difference, LINES)}`,
  );
}

/** Names, shapes and dtypes of a network's state dictionary. */
export function specsOf(network: Module): Map<string, TensorSpec> {
  return new Map(network.namedStates().map(({ name, shape, dtype }) => [name, { shape, dtype }]));
}

function otherClasses(
  { missing, unexpected, shapes, dtypes }: StateDictDifference,
  found: Specs,
  config: NetworkConfig,
  use: keyof typeof CLASSIFIER_REMEDIES,
): string | null {
  const names = [...missing, ...unexpected, ...shapes, ...dtypes].map(({ name }) => name);
  if (!names.every((name) => name.startsWith(CLASSIFIER_PREFIX))) return null;
  const classes = classesOf(found);
  if (classes === 0) {
    return `it holds no classifier, only the layers below${CLASSIFIER_REMEDIES[use].none}`;
  }
  if (classes === config.classes) return null;
  return (
    `its classifier is for ${classes} classes, network.classes is ${config.classes}. Set network.classes to ${classes}` +
    CLASSIFIER_REMEDIES[use].other
  );
}

/** Looks for a network that the file does fit: another architecture, stem or number of classes. */
function otherArchitecture(found: Specs, config: NetworkConfig): string | null {
  const classes = classesOf(found);
  const archs = [config.arch, ...ARCHITECTURES.filter((arch) => arch !== config.arch)];
  for (const arch of archs) {
    for (const input_3x3 of [config.input_3x3, !config.input_3x3]) {
      for (const stem of [config.stem, config.stem === 'small' ? 'imagenet' : 'small'] as const) {
        const other = { ...config, arch, input_3x3, stem, classes, dilation: 1 };
        if (fits(other, found)) return describe(other, config);
      }
    }
  }
  return null;
}

function fits(config: NetworkConfig, found: Specs): boolean {
  try {
    return sameShapes(specsOf(networkOf(config)), found);
  } catch (error) {
    // Not every architecture takes every option.
    if (error instanceof UsageError) return false;
    throw error;
  }
}

/** Without matchStateDict's search for nearest names, which takes long where everything differs. */
function sameShapes(expected: Specs, found: Specs): boolean {
  const same = ([name, { shape }]: [string, TensorSpec]) => {
    const other = expected.get(name)?.shape;
    return other?.length === shape.length && shape.every((size, axis) => size === other[axis]);
  };
  const needed = [...expected.keys()].filter((name) => !name.endsWith('.num_batches_tracked'));
  return needed.every((name) => found.has(name)) && [...found].every(same);
}

function describe(other: NetworkConfig, config: NetworkConfig): string {
  const keys = ['arch', 'input_3x3', 'stem', 'classes'] as const;
  const settings = keys
    .filter((key) => other[key] !== config[key])
    .map((key) => `network.${key} ${JSON.stringify(other[key])} in place of ${JSON.stringify(config[key])}`);
  return `it is of another network; set ${settings.join(', ')}`;
}

function otherDtype({ missing, unexpected, shapes, dtypes }: StateDictDifference): string | null {
  const [first] = dtypes;
  if (missing.length + unexpected.length + shapes.length > 0 || !first) return null;
  return `${dtypes.length} tensors are ${first.found.dtype} where the network has ${first.expected.dtype}; convert the file to ${first.expected.dtype}`;
}

function classesOf(found: Specs): number {
  return found.get(`${CLASSIFIER_PREFIX}bias`)?.shape[0] ?? 0;
}

function matching({ unexpected, shapes, dtypes }: StateDictDifference, found: Specs): number {
  return found.size - unexpected.length - shapes.length - dtypes.length;
}
