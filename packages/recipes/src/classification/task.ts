import type { TrainConfig } from '../config/schema.js';
import { networkOf } from '../network/network.js';
import type { Task } from '../task/task.js';
import { takeWeights } from '../weights/mismatch.js';
import { openClassFolders } from './data.js';
import { ClassificationMeter } from './meter.js';
import { classificationOf } from './objective.js';

/** One label for each image, from folders named like classes. */
export function classification(config: TrainConfig): Task {
  return {
    metrics: ['top1', 'top5'],
    criterion: 'top1',
    objective: classificationOf(config.loss),
    torch: {
      best: 'best_prec1',
      stateDict: (tensors) => new Map([...tensors].map(([name, tensor]) => [`module.${name}`, tensor])),
    },
    watched: /(^|\.)(fc|bn_out)\./,
    network: () => networkOf(config.network),
    openData: (dir, reading) => openClassFolders(dir, config, reading),
    newMeter: () => new ClassificationMeter(),
    takeWeights: (network, source, how) => takeWeights(network, config.network, source, how),
  };
}
