/**
 * ResNet 18–152 with post-activation residual blocks (He et al. 2015), and under torchvision's names their
 * wide form (Zagoruyko, Komodakis 2016) and grouped form (ResNeXt, Xie et al. 2017). Modules have the names
 * of the published checkpoints.
 */
import { Conv2d, MaxPool2d, type Module, Sequential } from '@inplace-abn/nn';
import { ResidualBlock } from './blocks/residual.js';
import { blocks, dilations, Network, type NetworkOptions, scaled } from './network.js';

/** Options of {@link resnet}. */
export interface ResNetOptions extends NetworkOptions {
  /**
   * Dilation of mod2 … mod5, one number or four. A dilated module has stride 1; if mod2 is dilated, mod1 does
   * not pool.
   */
  readonly dilation?: number | readonly number[];
}

/** Blocks of a ResNet and the form of their convolutions. */
export interface ResNetStructure {
  /** Blocks of mod2, mod3, mod4 and mod5. */
  readonly blocks: readonly [number, number, number, number];
  /** Blocks of 1×1, 3×3 and 1×1 convolutions instead of two 3×3. */
  readonly bottleneck: boolean;
  /** Groups of the 3×3 convolution of a bottleneck; default 1. */
  readonly groups?: number;
  /** Channels of a group of that convolution in mod2, doubled from module to module; default 64. */
  readonly groupChannels?: number;
}

/** Structures of the ResNets by name. Parameter counts are for 1000 classes. */
export const RESNETS = {
  /** Basic blocks, 11.7 M parameters. */
  resnet18: { blocks: [2, 2, 2, 2], bottleneck: false },
  /** Basic blocks, 21.8 M parameters. */
  resnet34: { blocks: [3, 4, 6, 3], bottleneck: false },
  /** Bottlenecks, 25.6 M parameters. */
  resnet50: { blocks: [3, 4, 6, 3], bottleneck: true },
  /** Bottlenecks, 44.5 M parameters. */
  resnet101: { blocks: [3, 4, 23, 3], bottleneck: true },
  /** Bottlenecks, 60.2 M parameters. */
  resnet152: { blocks: [3, 8, 36, 3], bottleneck: true },
  /** Bottlenecks of 32 groups with 4 channels each, 25.0 M parameters. */
  resnext50_32x4d: { blocks: [3, 4, 6, 3], bottleneck: true, groups: 32, groupChannels: 4 },
  /** Bottlenecks of 32 groups with 8 channels each, 88.8 M parameters. */
  resnext101_32x8d: { blocks: [3, 4, 23, 3], bottleneck: true, groups: 32, groupChannels: 8 },
  /** Bottlenecks of 64 groups with 4 channels each, 83.5 M parameters. */
  resnext101_64x4d: { blocks: [3, 4, 23, 3], bottleneck: true, groups: 64, groupChannels: 4 },
  /** Bottlenecks of twice the width, 68.9 M parameters. */
  wide_resnet50_2: { blocks: [3, 4, 6, 3], bottleneck: true, groupChannels: 128 },
  /** Bottlenecks of twice the width, 126.9 M parameters. */
  wide_resnet101_2: { blocks: [3, 4, 23, 3], bottleneck: true, groupChannels: 128 },
} satisfies Record<string, ResNetStructure>;

/** Modules mod1 … mod5[, classifier]; images N×3×H×W. @throws UsageError for invalid values */
export function resnet(structure: ResNetStructure, options: ResNetOptions): Network {
  const { normAct, width = 1 } = options;
  const { groupChannels = 64 } = structure;
  const dilation = dilations(options.dilation ?? 1);
  // In a grouped network the width multiplies the groups, so that a group keeps its channels.
  const groups = scaled(structure.groups ?? 1, structure.groups ? width : 1);
  let inChannels = scaled(64, width);
  const modules: Record<string, Module> = { mod1: stemOf(inChannels, dilation[0] === 1, options) };
  structure.blocks.forEach((count, index) => {
    const wide = scaled(64 * 2 ** index, width);
    const inner = scaled((structure.groups ?? 1) * groupChannels * 2 ** index, width, groups);
    const channels = structure.bottleneck ? [inner, inner, 4 * wide] : [wide, wide];
    const out = channels.at(-1) ?? wide;
    const dilated = dilation[index] ?? 1;
    const stride = index > 0 && dilated === 1 ? 2 : 1;
    modules[`mod${index + 2}`] = blocks(count, inChannels, out, (block, channelsIn) => {
      return new ResidualBlock(channelsIn, channels, {
        stride: block === 0 ? stride : 1,
        dilation: dilated,
        groups,
        normAct,
      });
    });
    inChannels = out;
  });
  return new Network(modules, inChannels, options);
}

function stemOf(
  channels: number,
  pooled: boolean,
  { stem = 'imagenet', normAct }: ResNetOptions,
): Sequential {
  if (stem === 'small') {
    return new Sequential({
      conv1: new Conv2d(3, channels, 3, { padding: 1, bias: false }),
      bn1: normAct(channels),
    });
  }
  return new Sequential({
    conv1: new Conv2d(3, channels, 7, { stride: 2, padding: 3, bias: false }),
    bn1: normAct(channels),
    ...(pooled ? { pool1: new MaxPool2d({ kernel: 3, stride: 2, padding: 1 }) } : {}),
  });
}
