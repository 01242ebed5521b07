/** Networks by the names that configurations use. */
import { UsageError } from '@inplace-abn/core';
import { DENSENETS, type DenseNetOptions, densenet } from './densenet.js';
import type { Network, NetworkOptions } from './network.js';
import { RESNETS, type ResNetOptions, resnet } from './resnet.js';
import { RESNEXTS, type ResNeXtOptions, resnext } from './resnext.js';
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
  Record<keyof typeof DENSENETS, DenseNetOptions>;

export type Architecture = keyof ArchitectureOptions;

/** Options of a network whose architecture is known only when the program runs; each family checks its own. */
export interface AnyNetworkOptions
  extends NetworkOptions,
    Omit<ResNeXtOptions, 'dilation'>,
    Omit<DenseNetOptions, 'dilation'>,
    Omit<WiderResNetA2Options, 'dilation'> {
  readonly dilation?: ResNeXtOptions['dilation'] | WiderResNetA2Options['dilation'];
}

export type NetworkOption = keyof AnyNetworkOptions;

interface Entry {
  readonly takes: ReadonlySet<string>;
  readonly build: (options: AnyNetworkOptions) => Network;
}

const COMMON: readonly (keyof NetworkOptions)[] = ['normAct', 'classes', 'width', 'stem'];

/** Entries of one family; `own`: the options that it takes beside the common ones. */
function family<S, O extends NetworkOptions>(
  structures: Readonly<Record<string, S>>,
  own: readonly (Exclude<keyof O, keyof NetworkOptions> & string)[],
  build: (structure: S, options: O) => Network,
): [string, Entry][] {
  const takes = new Set<string>([...COMMON, ...own]);
  return Object.entries(structures).map(([name, structure]) => [
    name,
    // Only options that the family takes arrive here, and the family checks what they hold.
    { takes, build: (options) => build(structure, options as NetworkOptions as O) },
  ]);
}

const entries: ReadonlyMap<string, Entry> = new Map([
  ...family(RESNETS, ['dilation'], resnet),
  ...family(RESNEXTS, ['groups', 'baseChannels', 'input3x3', 'dilation'], resnext),
  ...family(WIDER_RESNETS, [], widerResNet),
  ...family(WIDER_RESNETS_A2, ['dilation', 'dropout'], widerResNetA2),
  ...family(DENSENETS, ['growth', 'theta', 'input3x3', 'dilation'], densenet),
]);

/** Names that `createNetwork` knows: those of the configuration's `network.arch`. */
export const ARCHITECTURES: readonly string[] = [...entries.keys()];

/** Whether `createNetwork(arch, …)` takes the option; false for an architecture that it does not know. */
export function takesOption(arch: string, option: NetworkOption): boolean {
  return entries.get(arch)?.takes.has(option) ?? false;
}

/**
 * Builds the network `arch`. Throws UsageError for an unknown name (with the list of names), for an option that its
 * family does not take (with the list of those it takes) and for values that no network can have.
 */
export function createNetwork<A extends string>(
  arch: A,
  options: A extends Architecture ? ArchitectureOptions[A] : AnyNetworkOptions,
): Network {
  const entry = entries.get(arch);
  if (!entry)
    throw new UsageError(`unknown architecture ${arch}: expected one of ${ARCHITECTURES.join(', ')}`);
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined || entry.takes.has(option)) continue;
    throw new UsageError(`${arch} takes no option ${option}: it has ${[...entry.takes].join(', ')}`);
  }
  return entry.build(options);
}
