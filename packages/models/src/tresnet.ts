/**
 * TResNet-M, -L and -XL (Ridnik et al. 2021) with activated batch norm and the names of the published
 * checkpoints.
 */
import {
  add,
  avgPool,
  blurPool,
  dim,
  padReplicate,
  spaceToDepth,
  UsageError,
  type Value,
} from '@inplace-abn/core';
import { Conv2d, GlobalAvgPool2d, Linear, Module, type NormAct, Sequential } from '@inplace-abn/nn';
import { SqueezeExcitation } from './blocks/squeeze-excitation.js';
import { Network, type NetworkOptions } from './network.js';

/** Options of TResNet. */
export type TResNetOptions = NetworkOptions;

/** Number of blocks in layer1 … layer4, and the factor on all channel counts. */
export interface TResNetStructure {
  /** Blocks of layer1, layer2, layer3 and layer4. */
  readonly blocks: readonly [number, number, number, number];
  /** Factor on all channel counts. */
  readonly width: number;
}

/** Structures of the TResNets by name. Parameter counts are for 1000 classes. */
export const TRESNETS = {
  /** Medium, 31.4 M parameters. */
  tresnet_m: { blocks: [3, 4, 11, 3], width: 1 },
  /** Large, 56.0 M parameters. */
  tresnet_l: { blocks: [4, 5, 18, 3], width: 1.2 },
  /** Extra large, 78.4 M parameters. */
  tresnet_xl: { blocks: [4, 5, 24, 3], width: 1.3 },
} satisfies Record<string, TResNetStructure>;

/** Side of the pixel blocks that the stem moves to channels. */
const STEM_BLOCK = 4;
/** Negative slope of leaky ReLU inside the blocks, as published; the stem uses the layers' default. */
const SLOPE = 1e-3;
const LEAST_REDUCED = 64;
const RELU = { activation: 'relu', slope: 0 } as const;

/**
 * Modules body (SpaceToDepth, conv1, layer1 … layer4)[, global_pool, head]; images N×3×H×W with sides
 * divisible by four. layer1 and layer2 have basic blocks, layer3 and layer4 bottlenecks. All except layer4
 * have squeeze-and-excitation. A block downsamples by a blur with stride 2 (Zhang 2019).
 *
 * @throws UsageError for invalid values
 */
export function tresnet(structure: TResNetStructure, options: TResNetOptions): Network {
  const { classes = 0, stem = 'imagenet', width = 1 } = options;
  if (!(Number.isInteger(classes) && classes >= 0)) {
    throw new UsageError(`classes: expected an integer of at least 0 but received ${classes}`);
  }
  const normAct = blockNorm(options.normAct);
  const planes = Math.max(1, Math.trunc(64 * structure.width * width));
  const body: Record<string, Module> = {
    ...(stem === 'small' ? {} : { SpaceToDepth: new SpaceToDepth() }),
    conv1: convAbn(stem === 'small' ? 3 : 3 * STEM_BLOCK ** 2, planes, 3, options.normAct),
  };
  let channels = planes;
  structure.blocks.forEach((count, index) => {
    const wide = planes * 2 ** index;
    const Block = index < 2 ? BasicBlock : Bottleneck;
    const blocks = Array.from({ length: count }, (_, block) => {
      const stride = block === 0 && index > 0 ? 2 : 1;
      const made = new Block(channels, wide, { stride, excited: index < 3, normAct });
      channels = made.outChannels;
      return made;
    });
    body[`layer${index + 1}`] = new Sequential(Object.fromEntries(blocks.entries()));
  });
  const head = {
    global_pool: new Sequential({ global_pool_layer: new GlobalAvgPool2d() }),
    head: new Sequential({ fc: new Linear(channels, Math.max(1, classes)) }),
  };
  const modules = { body: new Sequential(body), ...(classes > 0 ? head : {}) };
  return new Network(modules, channels, { ...options, classes: 0 });
}

interface BlockOptions {
  /** 1 or 2. */
  readonly stride: number;
  /** Whether it has squeeze-and-excitation. */
  readonly excited: boolean;
  readonly normAct: NormAct;
}

/** relu(se(conv2(conv1(x))) + downsample(x)) with two 3×3 convolutions. */
class BasicBlock extends Module {
  readonly conv1: Module;
  readonly conv2: Module;
  readonly downsample?: Module;
  readonly se?: Module;
  readonly outChannels: number;

  constructor(inChannels: number, planes: number, { stride, excited, normAct }: BlockOptions) {
    super();
    this.outChannels = planes;
    this.conv1 = reducing(convAbn(inChannels, planes, 3, normAct), stride);
    this.conv2 = convAbn(planes, planes, 3, identity(normAct));
    const downsample = downsampleOf(inChannels, planes, stride, normAct);
    if (downsample) this.downsample = downsample;
    if (excited) this.se = new SqueezeExcitation(planes, Math.max(Math.trunc(planes / 4), LEAST_REDUCED));
  }

  protected forward(x: Value): Value {
    const shortcut = this.downsample?.call(x) ?? x;
    const main = this.conv2.call(this.conv1.call(x));
    return add(this.se?.call(main) ?? main, shortcut, RELU);
  }
}

const EXPANSION = 4;

/** relu(conv3(se(conv2(conv1(x)))) + downsample(x)) with 1×1, 3×3 and 1×1 convolutions. */
class Bottleneck extends Module {
  readonly conv1: Module;
  readonly conv2: Module;
  readonly conv3: Module;
  readonly downsample?: Module;
  readonly se?: Module;
  readonly outChannels: number;

  constructor(inChannels: number, planes: number, { stride, excited, normAct }: BlockOptions) {
    super();
    this.outChannels = EXPANSION * planes;
    this.conv1 = convAbn(inChannels, planes, 1, normAct);
    this.conv2 = reducing(convAbn(planes, planes, 3, normAct), stride);
    this.conv3 = convAbn(planes, this.outChannels, 1, identity(normAct));
    const downsample = downsampleOf(inChannels, this.outChannels, stride, normAct);
    if (downsample) this.downsample = downsample;
    const reduced = Math.max(Math.trunc(this.outChannels / 8), LEAST_REDUCED);
    if (excited) this.se = new SqueezeExcitation(planes, reduced);
  }

  protected forward(x: Value): Value {
    const shortcut = this.downsample?.call(x) ?? x;
    const inner = this.conv2.call(this.conv1.call(x));
    const main = this.conv3.call(this.se?.call(inner) ?? inner);
    return add(main, shortcut, RELU);
  }
}

/** A convolution (`0`) and activated batch norm (`1`) with stride 1. */
function convAbn(inChannels: number, channels: number, kernel: number, normAct: NormAct): Sequential {
  const padding = Math.trunc(kernel / 2);
  return new Sequential({
    0: new Conv2d(inChannels, channels, kernel, { padding, bias: false }),
    1: normAct(channels),
  });
}

/** For stride 2, adds a blur with that stride after the layers, which keep stride 1 (Zhang 2019). */
function reducing(layers: Sequential, stride: number): Module {
  return stride === 1 ? layers : new Sequential({ 0: layers, 1: new BlurPool() });
}

/** The shortcut of a block that changes the shape; undefined if x can be added as it is. */
function downsampleOf(
  inChannels: number,
  channels: number,
  stride: number,
  normAct: NormAct,
): Module | undefined {
  if (stride === 1 && inChannels === channels) return undefined;
  const projection = convAbn(inChannels, channels, 1, identity(normAct));
  return new Sequential(stride === 1 ? { 0: projection } : { 0: new HalvingPool(), 1: projection });
}

function identity(normAct: NormAct): NormAct {
  return (channels, options) => normAct(channels, { ...options, activation: 'identity' });
}

/** Uses the published slope if the layers have leaky ReLU; keeps other activations. */
function blockNorm(normAct: NormAct): NormAct {
  const leaky = normAct(1).activation === 'leaky_relu';
  return leaky ? (channels, options) => normAct(channels, { activationParam: SLOPE, ...options }) : normAct;
}

class SpaceToDepth extends Module {
  protected forward(x: Value): Value {
    return spaceToDepth(x, STEM_BLOCK);
  }
}

class BlurPool extends Module {
  protected forward(x: Value): Value {
    return blurPool(x);
  }
}

/**
 * 2×2 mean pooling. At an odd border it averages the pixels that exist, which equals repeating the border.
 */
class HalvingPool extends Module {
  protected forward(x: Value): Value {
    const [bottom, right] = [dim(x.shape, 2) % 2, dim(x.shape, 3) % 2];
    const even = bottom + right > 0 ? padReplicate(x, { top: 0, bottom, left: 0, right }) : x;
    return avgPool(even, 2);
  }
}
