/** Segmentation networks: a body without classifier, the DeepLabV3 head and a convolution to classes. */
import { UsageError, type Value } from '@inplace-abn/core';
import { Conv2d, Module, type NormAct } from '@inplace-abn/nn';
import { type AnyNetworkOptions, createNetwork, dilationFor } from './create.js';
import { DeepLabV3, type DeepLabV3Options } from './deeplabv3.js';
import type { Network } from './network.js';

export interface SegmentationOptions {
  /** Body: a name that `createNetwork` knows. */
  readonly arch: string;
  readonly classes: number;
  readonly normAct: NormAct;
  /** Pixels of the image to one position of the logits, on each axis; default 8. */
  readonly outputStride?: number;
  /** Further options of the body, such as width and stem; a dilation of its own takes the place of `outputStride`. */
  readonly body?: Omit<AnyNetworkOptions, 'normAct' | 'classes'>;
  /** The head; `channels` (default 256) is what it hands to the classes' convolution. */
  readonly head?: Omit<DeepLabV3Options, 'normAct'> & { readonly channels?: number };
}

/**
 * Images N×3×H×W → logits N×classes×h×w, at the output stride. Children and parameters are named as in the published
 * snapshot: `body.mod1.conv1.weight`, `head.map_convs.0.weight`, `cls.bias`.
 */
export class SegmentationNetwork extends Module {
  readonly cls: Conv2d;

  constructor(
    readonly body: Network,
    readonly head: DeepLabV3,
    readonly classes: number,
  ) {
    super();
    this.cls = new Conv2d(head.channels, classes, 1);
  }

  protected forward(x: Value): Value {
    const features = this.body.call(x);
    return this.cls.call(this.head.call(features));
  }
}

/**
 * Builds a segmentation network of any body. Throws UsageError for an unknown architecture, an output stride that the
 * body cannot have, and options that it does not take.
 */
export function segmentationNetwork(options: SegmentationOptions): SegmentationNetwork {
  const { arch, classes, normAct, outputStride = 8, body = {}, head = {} } = options;
  if (!(Number.isInteger(classes) && classes >= 1)) {
    throw new UsageError(`classes: expected a whole number of at least 1 but received ${classes}`);
  }
  const dilation = body.dilation ?? dilationFor(arch, outputStride, body.stem);
  const features = createNetwork(arch, {
    ...body,
    normAct,
    ...(dilation === undefined ? {} : { dilation }),
  } as AnyNetworkOptions);
  const { channels = 256, ...rest } = head;
  return new SegmentationNetwork(
    features,
    new DeepLabV3(features.featureChannels, channels, { normAct, ...rest }),
    classes,
  );
}
