/** ResNeXt 50–152 (Xie et al. 2017) with pre-activation blocks and the names of the published checkpoints. */
import { UsageError } from '@inplace-abn/core';
import type { Module } from '@inplace-abn/nn';
import { IdentityBlock } from './blocks/identity.js';
import { blocks, isDilation, Network, type NetworkOptions, scaled } from './network.js';
import { preactivationStem } from './preactivation-stem.js';

/** Options of {@link resnext}. */
export interface ResNeXtOptions extends NetworkOptions {
  /**
   * Groups of the 3×3 convolutions. `width` multiplies them, so that a group keeps its channels. Default 64.
   */
  readonly groups?: number;
  /**
   * Channels of the three convolutions in mod2's blocks, doubled in each later module. Default 128, 128, 256.
   */
  readonly baseChannels?: readonly [number, number, number];
  /** Use three 3×3 convolutions in mod1 instead of one 7×7. Default false. */
  readonly input3x3?: boolean;
  /**
   * Dilation of mod2 … mod5: one number, or per module a number or a list per block. A dilated module has
   * stride 1.
   */
  readonly dilation?: number | readonly (number | readonly number[])[];
}

/** Number of blocks in mod2 … mod5. */
export type ResNeXtStructure = readonly [number, number, number, number];

/** Blocks of the pre-activation ResNeXts by name. Parameter counts are for 1000 classes. */
export const RESNEXTS = {
  /** Blocks of mod2 … mod5, 24.3 M parameters. */
  resnext50: [3, 4, 6, 3],
  /** Blocks of mod2 … mod5, 42.8 M parameters. */
  resnext101: [3, 4, 23, 3],
  /** Blocks of mod2 … mod5, 58.1 M parameters. */
  resnext152: [3, 8, 36, 3],
} satisfies Record<string, ResNeXtStructure>;

/** Modules mod1 … mod5, bn_out[, classifier]; images N×3×H×W. @throws UsageError for invalid values */
export function resnext(structure: ResNeXtStructure, options: ResNeXtOptions): Network {
  const { normAct, width = 1, baseChannels = [128, 128, 256] } = options;
  const dilation = blockDilations(structure, options.dilation ?? 1);
  const groups = scaled(options.groups ?? 64, width);
  let inChannels = scaled(64, width);
  const modules: Record<string, Module> = { mod1: preactivationStem(inChannels, options) };
  structure.forEach((count, index) => {
    const channels = baseChannels.map((base) => scaled(base * 2 ** index, width, groups));
    const out = channels.at(-1) ?? inChannels;
    const dilated = dilation[index];
    modules[`mod${index + 2}`] = blocks(count, inChannels, out, (block, channelsIn) => {
      const stride = index > 0 && block === 0 && !dilated ? 2 : 1;
      return new IdentityBlock(channelsIn, channels, {
        stride,
        dilation: dilated?.[block] ?? 1,
        groups,
        normAct,
      });
    });
    inChannels = out;
  });
  modules.bn_out = normAct(inChannels);
  return new Network(modules, inChannels, options);
}

/** Dilations of the blocks of each module; null for a module with the number 1, which may stride. */
function blockDilations(
  structure: ResNeXtStructure,
  dilation: NonNullable<ResNeXtOptions['dilation']>,
): (readonly number[] | null)[] {
  const modules = typeof dilation === 'number' ? structure.map(() => dilation) : dilation;
  const valid =
    Array.isArray(modules) &&
    modules.length === structure.length &&
    modules.every((entry, index) =>
      Array.isArray(entry) ? entry.length === structure[index] && entry.every(isDilation) : isDilation(entry),
    );
  if (!valid) {
    throw new UsageError(
      `dilation: expected one number of at least 1, or four, or a list for each module's ${structure.join(', ')} blocks but received ${JSON.stringify(dilation)}`,
    );
  }
  return modules.map((entry, index) => {
    if (typeof entry !== 'number') return entry;
    return entry === 1 ? null : Array.from({ length: structure[index] ?? 0 }, () => entry);
  });
}
