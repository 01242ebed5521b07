/** Networks by name. */
import { UsageError } from '@inplace-abn/core';
import { DENSENETS, type DenseNetOptions, densenet } from './densenet.js';
import type { Network, NetworkOptions, Stem } from './network.js';
import { RESNETS, type ResNetOptions, resnet } from './resnet.js';
import { RESNEXTS, type ResNeXtOptions, resnext } from './resnext.js';
import { TRESNETS, type TResNetOptions, tresnet } from './tresnet.js';
import {
  WIDER_RESNETS,
  WIDER_RESNETS_A2,
  type WiderResNetA2Options,
  widerResNet,
  widerResNetA2,
} from './wider-resnet.js';

/** Options by architecture. */
export type ArchitectureOptions = Record<keyof typeof RESNETS, ResNetOptions> &
  Record<keyof typeof RESNEXTS, ResNeXtOptions> &
  Record<keyof typeof WIDER_RESNETS, NetworkOptions> &
  Record<keyof typeof WIDER_RESNETS_A2, WiderResNetA2Options> &
  Record<keyof typeof DENSENETS, DenseNetOptions> &
  Record<keyof typeof TRESNETS, TResNetOptions>;

/** Name of a network. */
export type Architecture = keyof ArchitectureOptions;

/** Options of a network whose architecture is known only at run time; each family checks its own. */
export interface AnyNetworkOptions
  extends NetworkOptions,
    Omit<ResNeXtOptions, 'dilation'>,
    Omit<DenseNetOptions, 'dilation'>,
    Omit<WiderResNetA2Options, 'dilation'> {
  /** As the family defines it: one number, four, a list per block, or a boolean. */
  readonly dilation?: ResNeXtOptions['dilation'] | WiderResNetA2Options['dilation'];
}

/** Name of an option that only some networks have. */
export type NetworkOption = keyof AnyNetworkOptions;

/** The dilation for each output stride (with the stem 'imagenet'); undefined if none is needed. */
type OutputStrides = ReadonlyMap<number, AnyNetworkOptions['dilation']>;

interface Entry {
  readonly takes: ReadonlySet<string>;
  readonly outputStrides: OutputStrides;
  readonly build: (options: AnyNetworkOptions) => Network;
}

/**
 * For families that can dilate mod2 … mod5: every module that gives up its stride doubles the dilation of its
 * own and later convolutions.
 */
const BY_MODULE: OutputStrides = new Map([
  [32, undefined],
  [16, [1, 1, 1, 2]],
  [8, [1, 1, 2, 4]],
  [4, [1, 2, 4, 8]],
]);

const WHOLE: OutputStrides = new Map([[32, undefined]]);

const A2: OutputStrides = new Map<number, boolean | undefined>([
  [32, undefined],
  [8, true],
]);

const COMMON: readonly (keyof NetworkOptions)[] = ['normAct', 'classes', 'width', 'stem'];

/** Entries of one family; `own` are its options in addition to the common ones. */
function family<S, O extends NetworkOptions>(
  structures: Readonly<Record<string, S>>,
  own: readonly (Exclude<keyof O, keyof NetworkOptions> & string)[],
  outputStrides: OutputStrides,
  build: (structure: S, options: O) => Network,
): [string, Entry][] {
  const takes = new Set<string>([...COMMON, ...own]);
  return Object.entries(structures).map(([name, structure]) => [
    name,
    // Only supported options arrive here, and the family checks their values.
    { takes, outputStrides, build: (options) => build(structure, options as NetworkOptions as O) },
  ]);
}

const entries: ReadonlyMap<string, Entry> = new Map([
  ...family(RESNETS, ['dilation'], BY_MODULE, resnet),
  ...family(RESNEXTS, ['groups', 'baseChannels', 'input3x3', 'dilation'], BY_MODULE, resnext),
  ...family(WIDER_RESNETS, [], WHOLE, widerResNet),
  ...family(WIDER_RESNETS_A2, ['dilation', 'dropout'], A2, widerResNetA2),
  ...family(TRESNETS, [], WHOLE, tresnet),
  ...family(DENSENETS, ['growth', 'theta', 'input3x3', 'dilation'], BY_MODULE, densenet),
]);

/** Names that `createNetwork` accepts. */
export const ARCHITECTURES: readonly string[] = [...entries.keys()];

/** Whether `createNetwork(arch, …)` supports the option; false for an unknown architecture. */
export function takesOption(arch: string, option: NetworkOption): boolean {
  return entries.get(arch)?.takes.has(option) ?? false;
}

/**
 * The option `dilation` that gives `arch` an output stride, in input pixels per position of its last feature
 * map; undefined if it needs none. The stem 'small' divides all output strides by four.
 *
 * @throws UsageError for an unknown architecture and an unsupported output stride, listing the supported ones
 */
export function dilationFor(
  arch: string,
  outputStride: number,
  stem: Stem = 'imagenet',
): AnyNetworkOptions['dilation'] {
  const { outputStrides } = entryOf(arch);
  const spared = stem === 'small' ? 4 : 1;
  if (outputStrides.has(outputStride * spared)) return outputStrides.get(outputStride * spared);
  const known = [...outputStrides.keys()].map((stride) => stride / spared);
  throw new UsageError(
    `${arch} cannot have an output stride of ${outputStride}: it has ${known.join(', ')} with the stem ${stem}`,
  );
}

/**
 * Builds the network `arch`.
 *
 * @throws UsageError for an unknown name (listing the names), an unsupported option (listing the supported
 * ones) and an invalid value
 */
export function createNetwork<A extends string>(
  arch: A,
  options: A extends Architecture ? ArchitectureOptions[A] : AnyNetworkOptions,
): Network {
  const entry = entryOf(arch);
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined || entry.takes.has(option)) continue;
    throw new UsageError(`${arch} takes no option ${option}: it has ${[...entry.takes].join(', ')}`);
  }
  return entry.build(options);
}

function entryOf(arch: string): Entry {
  const entry = entries.get(arch);
  if (entry) return entry;
  throw new UsageError(`unknown architecture ${arch}: expected one of ${ARCHITECTURES.join(', ')}`);
}
