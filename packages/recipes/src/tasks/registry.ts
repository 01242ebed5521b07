/** Maps the task of a configuration to its implementation. */
import { classification } from '../classification/task.js';
import type { TrainConfig } from '../config/schema.js';
import { multiLabel } from '../multi-label/task.js';
import { segmentation } from '../segmentation/task.js';
import type { Task } from '../task/task.js';

/** The task of a configuration. */
export function taskOf(config: TrainConfig): Task {
  switch (config.task) {
    case 'classification':
      return classification(config);
    case 'multi-label':
      return multiLabel(config);
    case 'segmentation':
      return segmentation(config);
  }
}
