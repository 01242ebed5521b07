/** The task that a network is trained for: everything by which loop, engine and files differ. */
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
   * float32[1], what the mean loss is divided by where others have a part of the batch, too: what is labeled
   * in all processes, or the sum of the weights of their labels. Then the loss is this part of the mean.
   */
  readonly count?: Value;
  /** float32[1], what is labeled in all processes or parts, for terms of the loss that are plain means. */
  readonly labeled?: Value;
  /** Images of the whole batch, where others have a part of it, for means over images. */
  readonly images?: number;
  /** Where images are mixed: the label of each one's partner, and float32[N], the share of its own. */
  readonly mixed?: { readonly labels: Value; readonly lambda: Value };
}

/** The task's part of the two traced steps. */
export interface Objective {
  /** Beginnings of the names of the parameters that `optimizer.classifier_lr` is for. */
  readonly classifier: readonly string[];
  /** A step's input for labels; default name: `labels`. */
  labels(tracer: Tracer, shape: BatchShape, name?: string): Value;
  /** The labels of a batch as the array of that input. */
  labelArray(batch: Batch, shape: BatchShape): Float32Array | Int32Array | Uint8Array;
  /** The labels of some rows of a batch as such an array, where the task mixes images. */
  readonly labelsOf?: (batch: Batch, rows: Int32Array) => Float32Array | Int32Array;
  /** How many labels of a batch count: what the loss is the mean over. */
  labeled(batch: Batch): number;
  /** Sum of the class weights of a batch's labels, where the loss is a mean weighted by them. */
  readonly weight?: (batch: Batch) => number;
  /** Traces the loss of a batch; all other outputs are counts, int32 or float32. */
  training(logits: Value, labels: Value, shape: BatchShape, targets: TrainingTargets): StepValues;
  /** Traces the evaluation of a batch. */
  evaluation(logits: Value, labels: Value, shape: BatchShape): StepValues;
}

/** Of what use the weights of a file are to be; decides what an error advises. */
export type Use = 'testing' | 'training';

export interface WeightsSource {
  /** Under the network's names, as far as it has them. */
  readonly tensors: TensorContents;
  /** Under the names of the file. */
  readonly found: TensorContents;
  /** Its name in errors. */
  readonly path: string;
}

export interface TakeWeights {
  readonly use: Use;
  /** Leave the classifier as it is. */
  readonly dropClassifier?: boolean;
}

/** How checkpoint.pth.tar is written. */
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
  /** The metric whose best value marks the best checkpoint. */
  readonly criterion: MetricName;
  /** Loss, labels and counts of the traced steps. */
  readonly objective: Objective;
  /** PyTorch's class of the configured optimizer. */
  readonly torch: TorchForm;
  /** Names of the parameters of which histograms are logged. */
  readonly watched: RegExp;
  /** Builds the network of a configuration. */
  network(): Module;
  /**
   * Opens DIR/train and DIR/val, of each batch this process's share. Throws a sentence for what is missing or
   * does not fit the configuration.
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
