import type { TensorContent, TensorContents, TorchTree } from '@inplace-abn/checkpoint';
import type { SegmentationTaskConfig } from '../config/schema.js';
import type { Task } from '../task/task.js';
import { openLabelMaps } from './data.js';
import { ConfusionMeter, PixelMeter } from './meter.js';
import { segmentationNetworkOf } from './network.js';
import { segmentationOf } from './objective.js';
import { takeSegmentationWeights } from './weights.js';

/** One label for each pixel, from maps of class ids next to the images. */
export function segmentation(config: SegmentationTaskConfig): Task {
  return {
    metrics: ['miou', 'accuracy'],
    criterion: 'miou',
    objective: segmentationOf(config.loss),
    torch: { best: 'best_miou', stateDict: nested },
    watched: /^(cls|head\.red_bn)\.|(^|\.)bn_out\./,
    network: () => segmentationNetworkOf(config),
    openData: (dir, reading) => openLabelMaps(dir, config, reading),
    newMeter: (phase) => (phase === 'train' ? new PixelMeter() : new ConfusionMeter(config.network.classes)),
    takeWeights: takeSegmentationWeights,
  };
}

/** `{body: {…}, head: {…}, cls: {…}}`, as the published snapshot has it. */
function nested(tensors: TensorContents): TorchTree<TensorContent> {
  const parts = new Map<string, Map<string, TensorContent>>();
  for (const [name, tensor] of tensors) {
    const dot = name.indexOf('.');
    const part = name.slice(0, dot);
    parts.set(part, (parts.get(part) ?? new Map<string, TensorContent>()).set(name.slice(dot + 1), tensor));
  }
  return parts;
}
