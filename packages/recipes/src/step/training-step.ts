/** One training step as a graph: normalize, forward, loss, guard, backward, update. */
import { type BucketOptions, type GroupShape, sumInBuckets } from '@inplace-abn/comm';
import { type Graph, guardFinite, type Tracer, trace, type Value } from '@inplace-abn/core';
import type { Module } from '@inplace-abn/nn';
import {
  adam,
  adamw,
  averageStates,
  lamb,
  type Optimizer,
  rmsprop,
  sgd,
  trainedGradients,
  updateParameters,
} from '@inplace-abn/optim';
import { gradientSums, type StepPart, scaledRates } from '@inplace-abn/session';
import { classificationObjective } from '../classification/objective.js';
import type { OptimizerConfig } from '../config/schema.js';
import { type BatchShape, imageInputs, mixedImages, mixInputs } from '../task/images.js';
import type { Objective } from '../task/task.js';
import { countsOf } from './counts.js';
import { trainedIn } from './frozen.js';
import { groupInputs, sumOutputs } from './group-sums.js';
import { type ParameterOptions, parameterOptions } from './parameters.js';

/** Name of the guard's subject in the error of a step whose loss is not finite. */
export const LOSS = 'the loss';

/** Optional parts of a training step. */
export interface StepExtras extends Partial<StepPart> {
  /** Images that a step mixes from, its own first; 0: it does not mix. */
  readonly mixedRows?: number;
  /** Updates averages of the weights. */
  readonly average?: boolean;
  /** Measures the global norm of the gradients. */
  readonly norm?: boolean;
}

/**
 * Traces a training step, which a session runs as a custom step. `Session.train` does not suffice for three
 * reasons. The loader's workers count the labels while they decode. With several processes, requests to stop
 * and unreadable images travel with the sums of the step, so no message precedes it. And a batch can move to
 * the device while another one is trained.
 *
 * Inputs: images, color, labels, lr, lr_classifier, step (updates counted from 1), seed.
 * Outputs: loss (mean over what is labeled) and what the objective's meter counts from; of classification
 * `correct` (int32[2]: rows whose label is among the first and the first five).
 *
 * With a `group` all processes share a batch, and this is one part of it: outputs and gradients are sums over
 * all processes, and therefore equal those of the whole batch. Further inputs: labeled, halt, unreadable (see
 * group-sums.ts); further outputs: labeled (of all processes), halt, unreadable (sums).
 *
 * Further inputs of the extras: partners, lambda, boxes, mixed_labels (see images.ts); keep and factor of a
 * part (see accumulation), with labeled, of the whole batch; ema_keep and ema_factor. Further output:
 * gradient_norm.
 */
export function trainingStep(
  network: Module,
  config: OptimizerConfig,
  shape: BatchShape,
  objective: Objective = classificationObjective,
  group: GroupShape | null = null,
  { mixedRows = 0, part = null, sharded = false, average = false, norm = false }: StepExtras = {},
): Graph {
  return trace((tracer) => {
    const shared = group ? { group, ...groupInputs(tracer) } : null;
    const counts = countsOf(tracer, objective, shared, part !== null);
    const x = imageInputs(tracer, mixedRows > 0 ? { ...shape, batch: mixedRows } : shape);
    const mix = mixedRows > 0 ? mixInputs(tracer, shape, objective) : undefined;
    const images = mix ? mixedImages(x, mix) : x;
    const labels = objective.labels(tracer, shape);
    const lr = {
      base: tracer.input('lr', [], 'float32'),
      classifier: tracer.input('lr_classifier', [], 'float32'),
    };
    const step = tracer.input('step', [], 'float32');
    const seed = tracer.input('seed', [], 'int32');
    const trained = trainedIn(network, config);
    const { frozenStatistics } = trained;
    const logits = network.call(images, { training: true, seed, frozenStatistics });
    const { labeled, count, plain } = counts.wait();
    const targets = {
      count,
      labeled: plain,
      mixed: mix,
      ...((shared || part) && { images: config.batch_size }),
    };
    const values = tracer.within('loss', () => objective.training(logits, labels, shape, targets));
    const outputs = tracer.within('loss', () => {
      if (shared) return sumOutputs(tracer, values, shared.news, shared.group, LOSS);
      guardFinite(values.loss, LOSS);
      return values;
    });
    const told = labeled ? { ...outputs, labeled } : outputs;
    const trains = (name: string) => trained.trains(name);
    const buckets = bucketOptions(config);
    const sum = gradientSums(tracer, { part, sharded }, (own) =>
      group ? tracer.within('gradients', () => sumInBuckets(own, group, buckets)) : own,
    );
    if (part === 'sum') {
      sum(trainedGradients(values.loss, { trains }));
      return told;
    }
    const states = network.namedStates();
    const options = parameterOptions(states, config, objective);
    const found = updateParameters(values.loss, {
      optimizer: optimizerOf(config),
      step,
      clip: config.clip,
      trains,
      rateOf: rates(tracer, options, lr),
      decayOf: (name) => options.get(name)?.weightDecay,
      sum,
      norm,
    });
    if (average) averageStates(tracer, states);
    return norm && found.norm ? { ...told, gradient_norm: found.norm } : told;
  });
}

/** The buckets in which processes sum gradients. */
export function bucketOptions({ bucket_size: bytes }: OptimizerConfig): BucketOptions {
  return bytes < 0 ? {} : { bytes };
}

/** The learning rate of each parameter. */
function rates(
  tracer: Tracer,
  options: ReadonlyMap<string, ParameterOptions>,
  lr: { readonly base: Value<'float32'>; readonly classifier: Value<'float32'> },
): (name: string) => Value {
  const scaled = scaledRates(tracer);
  return (name) => {
    const { classifier = false, factor = 1 } = options.get(name) ?? {};
    return scaled(classifier ? lr.classifier : lr.base, factor);
  };
}

/** The optimizer of a configuration. */
export function optimizerOf(config: OptimizerConfig): Optimizer {
  const { learning_rate: learningRate, weight_decay: weightDecay, momentum, nesterov, betas } = config;
  const eps = config.eps < 0 ? undefined : config.eps;
  const alpha = config.alpha < 0 ? undefined : config.alpha;
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
      return rmsprop({
        learningRate,
        weightDecay,
        momentum,
        alpha,
        eps,
        tensorflow: config.type === 'RMSpropTF',
      });
  }
}
