/**
 * The task that a network is trained for: everything that differs between tasks in loop, engine and files.
 */
import type { TensorContent, TensorContents, TorchTree } from '@inplace-abn/checkpoint';
import type { Tracer, Value } from '@inplace-abn/core';
import type { Batch } from '@inplace-abn/data';
import type { Module } from '@inplace-abn/nn';
import type { StateTensor } from '@inplace-abn/session';
import type { Meter, MetricName, RunData } from '@inplace-abn/train';
import type { Reading } from '../data/loaders.js';
import type { BatchShape } from './images.js';

/** The symbolic outputs of a step: its loss, and counts for a meter. */
export type StepValues = Readonly<Record<string, Value>> & {
  /** Mean over what is labeled, float32[]. */
  readonly loss: Value;
};

/** The targets of a training step in addition to its labels. */
export interface TrainingTargets {
  /**
   * float32[1], the divisor of the mean loss if other processes or parts share the batch: the number of
   * labels in all of them, or the sum of their weights. The loss is then this part's share of the mean.
   */
  readonly count?: Value;
  /** float32[1], labels in all processes or parts, for unweighted terms of the loss. */
  readonly labeled?: Value;
  /** Images of the whole batch, for means over images; set if other processes or parts share the batch. */
  readonly images?: number;
  /** For mixed images: the label of each image's partner, and float32[N], the share of its own label. */
  readonly mixed?: { readonly labels: Value; readonly lambda: Value };
}

/** The task's part of the two traced steps. */
export interface Objective {
  /** Prefixes of the parameters that use `optimizer.classifier_lr`. */
  readonly classifier: readonly string[];
  /** The input of a step for labels; default name: `labels`. */
  labels(tracer: Tracer, shape: BatchShape, name?: string): Value;
  /** The labels of a batch as the array of that input. */
  labelArray(batch: Batch, shape: BatchShape): Float32Array | Int32Array | Uint8Array;
  /** The labels of some rows of a batch as such an array, if the task mixes images. */
  readonly labelsOf?: (batch: Batch, rows: Int32Array) => Float32Array | Int32Array;
  /** Number of labels in a batch that count, over which the loss is a mean. */
  labeled(batch: Batch): number;
  /** Sum of the class weights of a batch's labels, if they weight the mean loss. */
  readonly weight?: (batch: Batch) => number;
  /** Traces the loss of a batch; all other outputs are counts, int32 or float32. */
  training(logits: Value, labels: Value, shape: BatchShape, targets: TrainingTargets): StepValues;
  /** Traces the evaluation of a batch. */
  evaluation(logits: Value, labels: Value, shape: BatchShape): StepValues;
}

/** The purpose of loading weights; determines the advice in errors. */
export type Use = 'testing' | 'training';

export interface WeightsSource {
  /** Tensors under the network's names, as far as it has them. */
  readonly tensors: TensorContents;
  /** Tensors under the names of the file. */
  readonly found: TensorContents;
  /** Its name in errors. */
  readonly path: string;
}

export interface TakeWeights {
  readonly use: Use;
  /** Keep the classifier unchanged. */
  readonly dropClassifier?: boolean;
}

/** The form of checkpoint.pth.tar. */
export interface TorchForm {
  /** The key of the criterion's best value. */
  readonly best: string;
  /** `state_dict` from the network's tensors, which come in the order of its modules. */
  stateDict(tensors: TensorContents): TorchTree<TensorContent>;
}

/** A task under one configuration. */
export interface Task {
  /** Metrics of a validation, in the order in which they are listed. */
  readonly metrics: readonly MetricName[];
  /** The metric that selects the best checkpoint. */
  readonly criterion: MetricName;
  /** Loss, labels and counts of the traced steps. */
  readonly objective: Objective;
  /** The form of its checkpoint.pth.tar. */
  readonly torch: TorchForm;
  /** Names of parameters whose histograms are logged. */
  readonly watched: RegExp;
  /** Builds the network of a configuration. */
  network(): Module;
  /**
   * Opens DIR/train and DIR/val; the loaders yield this process's share of each batch.
   *
   * @throws UsageError or DataError for data that is missing or does not fit the configuration
   */
  openData(dir: string, reading: Reading): Promise<RunData>;
  /** A meter of the task's metrics. */
  newMeter(phase: 'train' | 'val'): Meter;
  /**
   * The network's weights from those of a file: all of them (without the classifier if it is to be dropped),
   * or an error that names the fix.
   */
  takeWeights(network: Module, source: WeightsSource, how: TakeWeights): Map<string, StateTensor>;
}
