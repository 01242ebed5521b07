/** Segmentation networks: a body without classifier, the DeepLabV3 head and a classifying convolution. */
import { UsageError, type Value } from '@inplace-abn/core';
import { Conv2d, Module, type NormAct } from '@inplace-abn/nn';
import { type AnyNetworkOptions, createNetwork, dilationFor } from './create.js';
import { DeepLabV3, type DeepLabV3Options } from './deeplabv3.js';
import type { Network } from './network.js';

/** Body and head of a segmentation network. */
export interface SegmentationOptions {
  /** Architecture of the body, a name that `createNetwork` accepts. */
  readonly arch: string;
  /** Channels of the logits, at least 1. */
  readonly classes: number;
  /** Makes the normalization layers of body and head. */
  readonly normAct: NormAct;
  /** Input pixels per position of the logits, on each axis. Default 8. */
  readonly outputStride?: number;
  /** Other options of the body, such as width and stem. Its `dilation` replaces `outputStride`. */
  readonly body?: Omit<AnyNetworkOptions, 'normAct' | 'classes'>;
  /** Options of the head. */
  readonly head?: Omit<DeepLabV3Options, 'normAct'> & {
    /** Channels of its output, which the classifying convolution reads. Default 256. */
    readonly channels?: number;
  };
}

/**
 * Images N×3×H×W → logits N×classes×h×w at the output stride. Children and parameters have the names of the
 * published snapshot: `body.mod1.conv1.weight`, `head.map_convs.0.weight`, `cls.bias`.
 */
export class SegmentationNetwork extends Module {
  /** 1×1 convolution from the head's channels to the classes, with bias. */
  readonly cls: Conv2d;

  /** Joins a body and a head. {@link segmentationNetwork} builds both from options. */
  constructor(
    /** Images to features at the output stride. */
    readonly body: Network,
    /** Features to the inputs of `cls`. */
    readonly head: DeepLabV3,
    /** Channels of the logits. */
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
 * Builds a segmentation network with any body.
 *
 * @throws UsageError for fewer than one class, an unknown architecture, an unsupported output stride and an
 * unsupported option
 */
export function segmentationNetwork(options: SegmentationOptions): SegmentationNetwork {
  const { arch, classes, normAct, outputStride = 8, body = {}, head = {} } = options;
  if (!(Number.isInteger(classes) && classes >= 1)) {
    throw new UsageError(`classes: expected an integer of at least 1 but received ${classes}`);
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
