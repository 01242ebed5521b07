/** One training step as a graph: normalize, forward, loss, guard, backward, update. */
import { type GroupShape, sumInBuckets } from '@inplace-abn/comm';
import { type Graph, guardFinite, startAllReduce, trace, type Value } from '@inplace-abn/core';
import type { Module } from '@inplace-abn/nn';
import { adam, adamw, lamb, type Optimizer, rmsprop, sgd, updateParameters } from '@inplace-abn/optim';
import type { Shape } from '@inplace-abn/tensor';
import { classificationObjective } from '../classification/objective.js';
import type { OptimizerConfig } from '../config/schema.js';
import { type BatchShape, imageInputs } from '../task/images.js';
import type { Objective } from '../task/task.js';
import { trainedIn } from './frozen.js';
import { groupInputs, sumOutputs } from './group-sums.js';

/** Name of the guard's subject in the error of a step whose loss is not finite. */
export const LOSS = 'the loss';

/**
 * Traces a training step, which a session runs as a step of the caller's own. It is not `Session.train`, for three reasons: its number of
 * labels comes from the loader's workers, which count them while they decode; over processes, requests to stop and images that could not be
 * read travel with the step's own sums, so that no message precedes a step; and its batch can move to the device while another is trained.
 *
 * Inputs: images, color, labels, lr, lr_classifier, step (updates counted from 1), seed.
 * Outputs: loss (mean over what is labeled) and what the objective's meter counts from; of classification `correct`
 * (int32[2]: rows whose label is among the first and the first five).
 *
 * With a `group` the batch is this process's part of one that all of them share: outputs and gradients are sums over them,
 * so that they are those of the whole batch. Further inputs: labeled, halt, unreadable (see group-sums.ts); further outputs:
 * labeled (of all processes), halt, unreadable (sums).
 */
export function trainingStep(
  network: Module,
  config: OptimizerConfig,
  shape: BatchShape,
  objective: Objective = classificationObjective,
  group: GroupShape | null = null,
): Graph {
  return trace((tracer) => {
    const shared = group ? { group, ...groupInputs(tracer) } : null;
    const counted = shared
      ? tracer.within('labeled', () => startAllReduce(shared.labeled, shared.group.name))
      : null;
    const x = imageInputs(tracer, shape);
    const labels = objective.labels(tracer, shape);
    const rates = {
      base: tracer.input('lr', [], 'float32'),
      classifier: tracer.input('lr_classifier', [], 'float32'),
    };
    const step = tracer.input('step', [], 'float32');
    const seed = tracer.input('seed', [], 'int32');
    const trained = trainedIn(network, config);
    const { frozenStatistics } = trained;
    const logits = network.call(x, { training: true, seed, frozenStatistics });
    const count = counted ? tracer.within('labeled', () => counted.wait()) : undefined;
    const values = tracer.within('loss', () => objective.training(logits, labels, shape, count));
    const outputs = tracer.within('loss', () => {
      if (shared) return sumOutputs(tracer, values, shared.news, shared.group, LOSS);
      guardFinite(values.loss, LOSS);
      return values;
    });
    const rateOf = (name: string) => (isClassifier(objective, name) ? rates.classifier : rates.base);
    const sum = group
      ? (own: ReadonlyMap<string, Value>) =>
          tracer.within('gradients', () => sumInBuckets([...own.values()], group))
      : undefined;
    const shapes = new Map(network.namedStates().map(({ name, shape }) => [name, shape]));
    const decayOf = (name: string) => weightDecayOf(config, shapes.get(name) ?? []);
    updateParameters(values.loss, {
      optimizer: optimizerOf(config),
      step,
      clip: config.clip,
      trains: (name) => trained.trains(name),
      rateOf,
      decayOf,
      sum,
    });
    return count ? { ...outputs, labeled: count } : outputs;
  });
}

/** Whether a parameter is one that `classifier_lr` is for. */
export function isClassifier({ classifier }: Objective, name: string): boolean {
  return classifier.some((prefix) => name.startsWith(prefix));
}

/** The optimizer of a configuration. */
export function optimizerOf(config: OptimizerConfig): Optimizer {
  const { learning_rate: learningRate, weight_decay: weightDecay, momentum, nesterov, betas } = config;
  const eps = config.eps < 0 ? undefined : config.eps;
  switch (config.type) {
    case 'SGD':
      return sgd({ learningRate, momentum, weightDecay, nesterov });
    case 'Adam':
      return adam({ learningRate, weightDecay, betas, eps });
    case 'AdamW':
      return adamw({ learningRate, weightDecay, betas, eps });
    case 'LAMB':
      return lamb({ learningRate, weightDecay, betas, eps });
    case 'RMSprop':
    case 'RMSpropTF':
      return rmsprop({ learningRate, weightDecay, momentum, eps, tensorflow: config.type === 'RMSpropTF' });
  }
}

/** Weight decay of a parameter: vectors, which are scales, shifts and biases, may be left out (`decay_norm_and_bias`). */
export function weightDecayOf(config: OptimizerConfig, shape: Shape): number {
  return config.decay_norm_and_bias || shape.length > 1 ? config.weight_decay : 0;
}
