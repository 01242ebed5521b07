/**
 * WiderResNet 16–38 (Wu, Shen, van den Hengel 2016) with pre-activation blocks and the names of published
 * checkpoints.
 */
import { UsageError } from '@inplace-abn/core';
import { Conv2d, MaxPool2d, type Module, Sequential } from '@inplace-abn/nn';
import { IdentityBlock } from './blocks/identity.js';
import { blocks, Network, type NetworkOptions, scaled } from './network.js';

/** Number of blocks in mod2 … mod7. */
export type WiderResNetStructure = readonly [number, number, number, number, number, number];

/** Blocks of the WiderResNets by name. Parameter counts are for 1000 classes. */
export const WIDER_RESNETS = {
  /** Blocks of mod2 … mod7, 63.7 M parameters. */
  wider_resnet16: [1, 1, 1, 1, 1, 1],
  /** Blocks of mod2 … mod7, 82.6 M parameters. */
  wider_resnet20: [1, 1, 1, 3, 1, 1],
  /** Blocks of mod2 … mod7, 109.2 M parameters. */
  wider_resnet38: [3, 3, 6, 3, 1, 1],
} satisfies Record<string, WiderResNetStructure>;

/**
 * Blocks of the WiderResNets of variant A2 by name: they stride instead of pooling from mod4 on. Parameter
 * counts are for 1000 classes.
 */
export const WIDER_RESNETS_A2 = {
  /** Blocks of mod2 … mod7, 63.7 M parameters. */
  wider_resnet16_a2: WIDER_RESNETS.wider_resnet16,
  /** Blocks of mod2 … mod7, 82.6 M parameters. */
  wider_resnet20_a2: WIDER_RESNETS.wider_resnet20,
  /** Blocks of mod2 … mod7, 109.2 M parameters. */
  wider_resnet38_a2: WIDER_RESNETS.wider_resnet38,
} satisfies Record<string, WiderResNetStructure>;

/** Options of {@link widerResNetA2}. */
export interface WiderResNetA2Options extends NetworkOptions {
  /**
   * If true, only mod4 strides (output stride 8 instead of 32); mod5 has dilation 2, mod6 and mod7 have 4.
   * Default false.
   */
  readonly dilation?: boolean;
  /**
   * Probability of dropping a channel before a block's last convolution in mod6 and mod7. Default 0.3
   * and 0.5.
   */
  readonly dropout?: readonly [number, number];
}

/** Output channels of the convolutions in the blocks of mod2 … mod7. */
const CHANNELS = [
  [128, 128],
  [256, 256],
  [512, 512],
  [512, 1024],
  [512, 1024, 2048],
  [1024, 2048, 4096],
];

/** How a module differs from a plain sequence of blocks. */
interface ModuleForm {
  /** Precede it by 3×3 max pooling with stride 2. */
  readonly pooled?: boolean;
  /** Stride of its first block. */
  readonly stride?: number;
  readonly dilation?: number;
  readonly dropout?: number;
}

/**
 * Modules mod1, pool2, mod2, … pool6, mod6, mod7, bn_out[, classifier]; images N×3×H×W. The stem 'small'
 * omits pool2 and pool3.
 *
 * @throws UsageError for a number of classes that is not an integer ≥ 0
 */
export function widerResNet(structure: WiderResNetStructure, options: NetworkOptions): Network {
  const forms = structure.map((_, index): ModuleForm => ({ pooled: index < 5 }));
  return assemble(structure, forms, options);
}

/**
 * Variant A2: {@link widerResNet} without pool4, pool5 and pool6. The first blocks of mod4, mod5 and mod6
 * have stride 2. With `dilation`, only mod4 has stride 2, and mod5, mod6 and mod7 dilate.
 *
 * @throws UsageError for a dilation that is not a boolean, or a number of classes that is not an integer ≥ 0
 */
export function widerResNetA2(structure: WiderResNetStructure, options: WiderResNetA2Options): Network {
  const { dilation = false, dropout = [0.3, 0.5] } = options;
  if (typeof dilation !== 'boolean') {
    throw new UsageError(
      `dilation: expected true or false (for mod5, mod6 and mod7) but received ${dilation}`,
    );
  }
  const stride2 = dilation ? 1 : 2;
  const forms: ModuleForm[] = [
    { pooled: true },
    { pooled: true },
    { stride: 2 },
    { stride: stride2, dilation: dilation ? 2 : 1 },
    { stride: stride2, dilation: dilation ? 4 : 1, dropout: dropout[0] },
    { dilation: dilation ? 4 : 1, dropout: dropout[1] },
  ];
  return assemble(structure, forms, options);
}

function assemble(
  structure: WiderResNetStructure,
  forms: readonly ModuleForm[],
  options: NetworkOptions,
): Network {
  const { normAct, width = 1, stem = 'imagenet' } = options;
  let inChannels = scaled(64, width);
  const conv1 = new Conv2d(3, inChannels, 3, { padding: 1, bias: false });
  const modules: Record<string, Module> = { mod1: new Sequential({ conv1 }) };
  structure.forEach((count, index) => {
    const { pooled = false, stride = 1, ...rest } = forms[index] ?? {};
    const channels = (CHANNELS[index] ?? []).map((channel) => scaled(channel, width));
    const out = channels.at(-1) ?? inChannels;
    if (pooled && (stem === 'imagenet' || index >= 2)) {
      modules[`pool${index + 2}`] = new MaxPool2d({ kernel: 3, stride: 2, padding: 1 });
    }
    modules[`mod${index + 2}`] = blocks(count, inChannels, out, (block, channelsIn) => {
      return new IdentityBlock(channelsIn, channels, { stride: block === 0 ? stride : 1, ...rest, normAct });
    });
    inChannels = out;
  });
  modules.bn_out = normAct(inChannels);
  return new Network(modules, inChannels, options);
}
