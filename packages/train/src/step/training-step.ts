/** One training step as a graph: normalise, forward, loss, guard, backward, update. */
import {
  type Graph,
  gradients,
  guardFinite,
  type Tracer,
  trace,
  UsageError,
  type Value,
} from '@inplace-abn/core';
import { type Module, parametersIn } from '@inplace-abn/nn';
import { Adam, clipByGlobalNorm, type Optimizer, type ParameterUpdate, SGD } from '@inplace-abn/optim';
import { classificationObjective } from '../classification/objective.js';
import type { OptimizerConfig } from '../config/schema.js';
import type { Objective } from '../task/task.js';
import { type BatchShape, imageInputs } from './images.js';

/** Name of the guard's subject in the error of a step whose loss is not finite. */
export const LOSS = 'the loss';

/**
 * Traces a training step. Inputs: images, color, labels, lr, lr_classifier, step (updates counted from 1), seed.
 * Outputs: loss (mean over what is labelled) and what the objective's meter counts from; of classification `correct`
 * (int32[2]: rows whose label is among the first and the first five).
 */
export function trainingStep(
  network: Module,
  config: OptimizerConfig,
  shape: BatchShape,
  objective: Objective = classificationObjective,
): Graph {
  return trace((tracer) => {
    const x = imageInputs(tracer, shape);
    const labels = objective.labels(tracer, shape);
    const rates = {
      base: tracer.input('lr', [], 'float32'),
      classifier: tracer.input('lr_classifier', [], 'float32'),
    };
    const step = tracer.input('step', [], 'float32');
    const seed = tracer.input('seed', [], 'int32');
    const logits = network.call(x, { training: true, seed });
    const outputs = tracer.within('loss', () => {
      const values = objective.training(logits, labels, shape);
      guardFinite(values.loss, LOSS);
      return values;
    });
    const rateOf = (name: string) => (isClassifier(objective, name) ? rates.classifier : rates.base);
    update(tracer, outputs.loss, optimizerOf(config, step), config, rateOf);
    return outputs;
  });
}

/** Whether a parameter is one that `classifier_lr` is for. */
export function isClassifier({ classifier }: Objective, name: string): boolean {
  return classifier.some((prefix) => name.startsWith(prefix));
}

function optimizerOf(config: OptimizerConfig, step: Value): Optimizer {
  if (config.type === 'Adam') return new Adam(step, { weightDecay: config.weight_decay });
  return new SGD({ momentum: config.momentum, weightDecay: config.weight_decay, nesterov: config.nesterov });
}

function update(
  tracer: Tracer,
  loss: Value,
  optimizer: Optimizer,
  config: OptimizerConfig,
  rateOf: (parameter: string) => Value,
): void {
  const parameters = parametersIn(loss);
  const grads = gradients(loss, [...parameters.values()]);
  const updates = [...parameters].map(([name, parameter], index): ParameterUpdate => {
    const gradient = grads[index];
    if (!gradient) throw new UsageError(`the loss does not depend on parameter ${name}`);
    return { name, parameter, gradient, learningRate: rateOf(name) };
  });
  const all = updates.map(({ gradient }) => gradient);
  const clip =
    config.clip > 0
      ? tracer.during('update', null, () =>
          tracer.within('clip', () => clipByGlobalNorm(all, config.clip).scale),
        )
      : null;
  optimizer.apply(updates, clip);
}
