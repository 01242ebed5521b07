import { classification } from '../classification/task.js';
import type { MultiLabelConfig } from '../config/schema.js';
import type { Task } from '../task/task.js';
import { openLabeledImages } from './data.js';
import { F1Meter, PrecisionMeter } from './meter.js';
import { multiLabelOf } from './objective.js';

/** Any number of labels for each image, from a list of them. */
export function multiLabel(config: MultiLabelConfig): Task {
  const { network, watched, takeWeights, torch } = classification(config);
  return {
    network,
    watched,
    takeWeights,
    metrics: ['map', 'f1'],
    criterion: 'map',
    objective: multiLabelOf(config.loss, config.network.classes),
    torch: { ...torch, best: 'best_map' },
    openData: (dir, reading) => openLabeledImages(dir, config, reading),
    newMeter: (phase) => (phase === 'train' ? new F1Meter() : new PrecisionMeter(config.network.classes)),
  };
}
