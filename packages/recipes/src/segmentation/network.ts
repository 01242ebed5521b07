import { segmentationNetwork } from '@inplace-abn/models';
import type { Module } from '@inplace-abn/nn';
import type { SegmentationTaskConfig } from '../config/schema.js';
import { bodyOptionsOf, normActOf } from '../network/network.js';

/**
 * The body of `network`, a DeepLabV3 head and a convolution to classes.
 *
 * @throws UsageError for a combination that cannot work
 */
export function segmentationNetworkOf({ network, segmentation }: SegmentationTaskConfig): Module {
  return segmentationNetwork({
    arch: network.arch,
    classes: network.classes,
    normAct: normActOf(network),
    outputStride: segmentation.output_stride,
    body: bodyOptionsOf(network),
    head: {
      channels: segmentation.head_channels,
      hidden: segmentation.hidden_channels,
      dilations: segmentation.head_dilations,
      poolingSize: segmentation.pooling_size,
    },
  });
}
