/** The tasks by name: the only place that asks which one a configuration is for. */
import { classification } from '../classification/task.js';
import type { TrainConfig } from '../config/schema.js';
import { segmentation } from '../segmentation/task.js';
import type { Task } from '../task/task.js';

/** The task of a configuration. */
export function taskOf(config: TrainConfig): Task {
  return config.task === 'segmentation' ? segmentation(config) : classification(config);
}
