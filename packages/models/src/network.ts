/** What all families share: their common options and their form, a chain of named modules. */
import { UsageError } from '@inplace-abn/core';
import { GlobalAvgPool2d, Linear, type Module, type NormAct, Sequential } from '@inplace-abn/nn';

/** Options that every family takes. */
export interface NetworkOptions {
  /** Factory of the normalization layers. */
  readonly normAct: NormAct;
  /** Outputs of the classifier; 0: none, the network ends with its last feature map. Default 0. */
  readonly classes?: number;
  /** Factor on all channel counts; default 1. */
  readonly width?: number;
  /**
   * 'imagenet': as published; 'small': the first reduction by four (strided convolution and pooling, or two poolings)
   * is left out, for images of some 32 pixels.
   */
  readonly stem?: Stem;
}

export type Stem = 'imagenet' | 'small';

/**
 * A chain of modules with the published names (mod1, mod2, …). `call` gives the output of the last one, `outputs`
 * those of all by name, as the reference's keep_outputs does.
 */
export class Network extends Sequential {
  /** `featureChannels`: of the last feature map, which the classifier (global pooling, `classifier.fc`) reads. */
  constructor(
    modules: Readonly<Record<string, Module>>,
    readonly featureChannels: number,
    { classes = 0 }: NetworkOptions,
  ) {
    if (!(Number.isInteger(classes) && classes >= 0)) {
      throw new UsageError(`classes: expected a whole number of at least 0 but received ${classes}`);
    }
    const head = { avg_pool: new GlobalAvgPool2d(), fc: new Linear(featureChannels, Math.max(1, classes)) };
    super(classes > 0 ? { ...modules, classifier: new Sequential(head) } : modules);
  }
}

/** `block1` … `blockN` in a row; `make` is told the index from 0 and the channels that come in. */
export function blocks(
  count: number,
  inChannels: number,
  outChannels: number,
  make: (index: number, inChannels: number) => Module,
): Sequential {
  const entries = Array.from({ length: count }, (_, index) => {
    return [`block${index + 1}`, make(index, index === 0 ? inChannels : outChannels)] as const;
  });
  return new Sequential(Object.fromEntries(entries));
}

/** `channels` times `width`, a multiple of `unit` (the groups of a convolution) and at least that. */
export function scaled(channels: number, width: number, unit = 1): number {
  return width === 1 ? channels : unit * Math.max(1, Math.round((channels * width) / unit));
}

/** Four dilations from one or four. Throws UsageError for anything else. */
export function dilations(dilation: number | readonly number[]): readonly number[] {
  const list = typeof dilation === 'number' ? [dilation, dilation, dilation, dilation] : dilation;
  if (Array.isArray(list) && list.length === 4 && list.every(isDilation)) return list;
  throw new UsageError(`dilation: expected one or four numbers of at least 1 but received ${dilation}`);
}

export function isDilation(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1;
}
