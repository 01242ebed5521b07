/** ResNeXt 50–152 (Xie et al. 2017) with pre-activation blocks, modules named as the published checkpoints. */
import { UsageError } from '@inplace-abn/core';
import type { Module } from '@inplace-abn/nn';
import { IdentityBlock } from './blocks/identity.js';
import { blocks, isDilation, Network, type NetworkOptions, scaled } from './network.js';
import { preactivationStem } from './preactivation-stem.js';

export interface ResNeXtOptions extends NetworkOptions {
  /** Groups of the 3×3 convolutions; default 64. `width` multiplies them, so that a group keeps its channels. */
  readonly groups?: number;
  /** Channels of the three convolutions in mod2's blocks, doubled from module to module; default 128, 128, 256. */
  readonly baseChannels?: readonly [number, number, number];
  /** Three 3×3 convolutions in mod1 in the place of one 7×7; default false. */
  readonly input3x3?: boolean;
  /** Dilation of mod2 … mod5: one for all, or for each module one or one a block. A dilated module does not stride. */
  readonly dilation?: number | readonly (number | readonly number[])[];
}

/** Blocks in mod2 … mod5. */
export type ResNeXtStructure = readonly [number, number, number, number];

export const RESNEXTS = {
  resnext50: [3, 4, 6, 3],
  resnext101: [3, 4, 23, 3],
  resnext152: [3, 8, 36, 3],
} satisfies Record<string, ResNeXtStructure>;

/** Modules mod1 … mod5, bn_out[, classifier]; images N×3×H×W. Throws UsageError for values that no network can have. */
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

/** For each module the dilations of its blocks; null where it is 1: that module strides. */
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
