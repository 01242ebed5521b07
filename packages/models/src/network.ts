/** The common options of all families and their form, a chain of named modules. */
import { UsageError } from '@inplace-abn/core';
import { GlobalAvgPool2d, Linear, type Module, type NormAct, Sequential } from '@inplace-abn/nn';

/** Options that every family supports. */
export interface NetworkOptions {
  /** Creates the normalization layers. */
  readonly normAct: NormAct;
  /** Outputs of the classifier. Default 0: no classifier; the network ends with its last feature map. */
  readonly classes?: number;
  /** Factor on all channel counts. Default 1. */
  readonly width?: number;
  /**
   * 'imagenet': as published. 'small': without the initial downsampling by four (strided convolution and
   * pooling, or two poolings), for images of about 32 pixels.
   */
  readonly stem?: Stem;
}

/** First layers of a network: `imagenet` reduces images by 4, `small` keeps their size. */
export type Stem = 'imagenet' | 'small';

/**
 * A chain of modules with the published names (mod1, mod2, …). `call` returns the output of the last one,
 * `outputs` those of all by name, like the reference's keep_outputs.
 */
export class Network extends Sequential {
  /** @throws UsageError for a number of classes that is not an integer from 0 */
  constructor(
    modules: Readonly<Record<string, Module>>,
    /** Channels of the last feature map, the input of the classifier (global pooling, `classifier.fc`). */
    readonly featureChannels: number,
    { classes = 0 }: NetworkOptions,
  ) {
    if (!(Number.isInteger(classes) && classes >= 0)) {
      throw new UsageError(`classes: expected an integer of at least 0 but received ${classes}`);
    }
    const head = { avg_pool: new GlobalAvgPool2d(), fc: new Linear(featureChannels, Math.max(1, classes)) };
    super(classes > 0 ? { ...modules, classifier: new Sequential(head) } : modules);
  }
}

/** `block1` … `blockN` in sequence; `make` receives the index from 0 and the input channels. */
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

/** Rounds `channels` times `width` to a multiple of `unit` (the groups of a convolution), at least `unit`. */
export function scaled(channels: number, width: number, unit = 1): number {
  return width === 1 ? channels : unit * Math.max(1, Math.round((channels * width) / unit));
}

/** Expands one dilation to four. @throws UsageError unless there are one or four */
export function dilations(dilation: number | readonly number[]): readonly number[] {
  const list = typeof dilation === 'number' ? [dilation, dilation, dilation, dilation] : dilation;
  if (Array.isArray(list) && list.length === 4 && list.every(isDilation)) return list;
  throw new UsageError(`dilation: expected one or four numbers of at least 1 but received ${dilation}`);
}

export function isDilation(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1;
}
