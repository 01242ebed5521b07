/** ResNet 18–152 with post-activation residual blocks (He et al. 2015), modules named as the published checkpoints. */
import { UsageError, type Value } from '@inplace-abn/core';
import {
  Conv2d,
  GlobalAvgPool2d,
  Linear,
  MaxPool2d,
  type Mode,
  Module,
  type NormAct,
  Sequential,
} from '@inplace-abn/nn';
import { ResidualBlock } from './blocks/residual.js';

export interface NetworkOptions {
  /** Factory of the normalisation layers. */
  readonly normAct: NormAct;
  /** Outputs of the classifier; 0: none, the network ends with its last feature map. */
  readonly classes?: number;
  /** Dilation of mod2 … mod5, one for all or one each; a dilated module does not stride. */
  readonly dilation?: number | readonly number[];
  /** Factor on all channel counts; default 1. */
  readonly width?: number;
  /** 'imagenet': 7×7/2 and max-pooling; 'small': 3×3/1 without pooling, for images of some 32 pixels. */
  readonly stem?: Stem;
}

export type Stem = 'imagenet' | 'small';

/** Blocks in mod2 … mod5, and whether they are bottlenecks. */
export interface ResNetStructure {
  readonly blocks: readonly [number, number, number, number];
  readonly bottleneck: boolean;
}

export const RESNETS = {
  resnet18: { blocks: [2, 2, 2, 2], bottleneck: false },
  resnet34: { blocks: [3, 4, 6, 3], bottleneck: false },
  resnet50: { blocks: [3, 4, 6, 3], bottleneck: true },
  resnet101: { blocks: [3, 4, 23, 3], bottleneck: true },
  resnet152: { blocks: [3, 8, 36, 3], bottleneck: true },
} satisfies Record<string, ResNetStructure>;

export class ResNet extends Module {
  readonly mod1: Sequential;
  readonly mod2: Sequential;
  readonly mod3: Sequential;
  readonly mod4: Sequential;
  readonly mod5: Sequential;
  readonly classifier?: Sequential;

  constructor(structure: ResNetStructure, options: NetworkOptions) {
    super();
    const { normAct, classes = 0, width = 1, stem = 'imagenet' } = options;
    const dilation = dilations(options.dilation ?? 1);
    const base = scaled(64, width);
    this.mod1 = stemOf(stem, base, dilation[0] === 1, normAct);
    let inChannels = base;
    const modules = structure.blocks.map((count, index) => {
      const wide = scaled(64 * 2 ** index, width);
      const channels = structure.bottleneck ? [wide, wide, 4 * wide] : [wide, wide];
      const dilated = dilation[index] ?? 1;
      const stride = index > 0 && dilated === 1 ? 2 : 1;
      const module = residualModule(count, inChannels, channels, { stride, dilation: dilated, normAct });
      inChannels = channels.at(-1) ?? inChannels;
      return module;
    });
    [this.mod2, this.mod3, this.mod4, this.mod5] = modules as [
      Sequential,
      Sequential,
      Sequential,
      Sequential,
    ];
    if (classes > 0) this.classifier = classifier(inChannels, classes);
  }

  protected forward(x: Value, mode: Mode): Value {
    const names = ['mod1', 'mod2', 'mod3', 'mod4', 'mod5'] as const;
    const features = names.reduce((value, name) => this[name].call(value, mode, name), x);
    return this.classifier?.call(features, mode, 'classifier') ?? features;
  }
}

/** Global average pooling and the linear layer `classifier.fc`. */
export function classifier(inChannels: number, classes: number): Sequential {
  return new Sequential({ avg_pool: new GlobalAvgPool2d(), fc: new Linear(inChannels, classes) });
}

function stemOf(stem: Stem, channels: number, pooled: boolean, normAct: NormAct): Sequential {
  if (stem === 'small') {
    return new Sequential({
      conv1: new Conv2d(3, channels, 3, { padding: 1, bias: false }),
      bn1: normAct(channels),
    });
  }
  const pool: Record<string, Module> = pooled
    ? { pool1: new MaxPool2d({ kernel: 3, stride: 2, padding: 1 }) }
    : {};
  return new Sequential({
    conv1: new Conv2d(3, channels, 7, { stride: 2, padding: 3, bias: false }),
    bn1: normAct(channels),
    ...pool,
  });
}

interface ResidualModuleOptions {
  readonly stride: number;
  readonly dilation: number;
  readonly normAct: NormAct;
}

/** `block1` … `blockN`; the first one strides. */
function residualModule(
  count: number,
  inChannels: number,
  channels: readonly number[],
  { stride, dilation, normAct }: ResidualModuleOptions,
): Sequential {
  const out = channels.at(-1) ?? inChannels;
  const blocks = Array.from({ length: count }, (_, index) => {
    const first = index === 0;
    const block = new ResidualBlock(first ? inChannels : out, channels, {
      stride: first ? stride : 1,
      dilation,
      normAct,
    });
    return [`block${index + 1}`, block] as const;
  });
  return new Sequential(Object.fromEntries(blocks));
}

function dilations(dilation: number | readonly number[]): readonly number[] {
  const list = typeof dilation === 'number' ? [dilation, dilation, dilation, dilation] : dilation;
  if (list.length === 4 && list.every((value) => Number.isInteger(value) && value >= 1)) return list;
  throw new UsageError(`expected one or four dilations of at least 1 but received ${list.join(', ')}`);
}

function scaled(channels: number, width: number): number {
  return Math.max(1, Math.round(channels * width));
}
