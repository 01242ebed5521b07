import { type Graph, trace } from '@inplace-abn/core';
import { EVALUATION, type Module } from '@inplace-abn/nn';
import { classificationObjective } from '../classification/objective.js';
import { type BatchShape, imageInputs } from '../task/images.js';
import type { Objective } from '../task/task.js';

/**
 * An evaluation step: running statistics, no update. Inputs: images, color, labels; outputs: loss and what
 * the objective's meter counts from.
 */
export function evaluationStep(
  network: Module,
  shape: BatchShape,
  objective: Objective = classificationObjective,
): Graph {
  return trace((tracer) => {
    const x = imageInputs(tracer, shape);
    const labels = objective.labels(tracer, shape);
    const logits = network.call(x, EVALUATION);
    return tracer.within('loss', () => objective.evaluation(logits, labels, shape));
  });
}
