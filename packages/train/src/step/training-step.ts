/** One training step as a graph: normalise, forward, loss, guard, backward, update. */
import {
  crossEntropy,
  type Graph,
  gradients,
  guardFinite,
  type Tracer,
  topkCorrect,
  trace,
  UsageError,
  type Value,
} from '@inplace-abn/core';
import { type Module, parametersIn } from '@inplace-abn/nn';
import { Adam, clipByGlobalNorm, type Optimizer, type ParameterUpdate, SGD } from '@inplace-abn/optim';
import type { OptimizerConfig } from '../config/schema.js';
import { type BatchShape, imageInputs } from './images.js';

/** Parameters that `classifier_lr` is for. */
export const CLASSIFIER_PREFIX = 'classifier.fc.';

/** Name of the guard's subject in the error of a step whose loss is not finite. */
export const LOSS = 'the loss';

/**
 * Traces a training step. Inputs: images, color, labels, lr, lr_classifier, step (updates counted from 1), seed.
 * Outputs: loss (mean over the batch), correct (int32[2]: rows whose label is among the first and the first five).
 */
export function trainingStep(network: Module, config: OptimizerConfig, shape: BatchShape): Graph {
  return trace((tracer) => {
    const { x, labels } = imageInputs(tracer, shape);
    const rates = {
      base: tracer.input('lr', [], 'float32'),
      classifier: tracer.input('lr_classifier', [], 'float32'),
    };
    const step = tracer.input('step', [], 'float32');
    const seed = tracer.input('seed', [], 'int32');
    const logits = network.call(x, { training: true, seed });
    const [loss, correct] = tracer.within('loss', () => {
      const value = crossEntropy(logits, labels);
      guardFinite(value, LOSS);
      return [value, topkCorrect(logits, labels, topks(logits))];
    });
    update(tracer, loss, optimizerOf(config, step), config, rates);
    return { loss, correct };
  });
}

/** 1 and 5, or the number of classes where there are fewer. */
export function topks(logits: Value): number[] {
  return [1, Math.min(5, logits.shape[1] ?? 1)];
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
  rates: { base: Value; classifier: Value },
): void {
  const parameters = parametersIn(loss);
  const grads = gradients(loss, [...parameters.values()]);
  const updates = [...parameters].map(([name, parameter], index): ParameterUpdate => {
    const gradient = grads[index];
    if (!gradient) throw new UsageError(`the loss does not depend on parameter ${name}`);
    const learningRate = name.startsWith(CLASSIFIER_PREFIX) ? rates.classifier : rates.base;
    return { name, parameter, gradient, learningRate };
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
