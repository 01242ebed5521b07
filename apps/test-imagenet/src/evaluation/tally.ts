import { Accuracy, RunningAverage } from '@inplace-abn/train';
import type { Prediction } from './prediction.js';

export interface ClassCount {
  readonly images: number;
  /** Images whose class has the highest logit, or one of the five highest. */
  readonly correct1: number;
  readonly correct5: number;
}

/** Number of images of class `label` predicted as `predicted`. */
export interface ConfusionCell {
  readonly label: number;
  readonly predicted: number;
  readonly count: number;
}

/** The form exchanged between processes, as JSON. */
export interface TallyState {
  /** Sum and weight. */
  readonly loss: readonly [number, number];
  /** Counts of top-1, top-5 and images. */
  readonly accuracy: readonly number[];
  readonly top5: readonly number[];
  readonly pairs: readonly (readonly [number, number])[];
}

/** Counts over a test: loss, accuracy and confusion matrix. */
export class Tally {
  readonly loss = new RunningAverage();
  readonly accuracy = new Accuracy();
  private readonly top5: Uint32Array;
  /** label · classes + predicted → images; sparse, because few pairs occur. */
  private readonly pairs = new Map<number, number>();

  /** @param classes outputs of the network */
  constructor(readonly classes: number) {
    this.top5 = new Uint32Array(classes);
  }

  /**
   * NaN logits, for which the loss is NaN, predict no class: the image counts as wrong and for none of the
   * classes.
   */
  add({ label, predicted, rank, loss }: Prediction): void {
    this.loss.add(loss);
    if (Number.isNaN(loss)) {
      this.accuracy.add(0, 0, 1);
      return;
    }
    this.accuracy.add(rank === 0 ? 1 : 0, rank < 5 ? 1 : 0, 1);
    if (rank < 5) this.top5[label] = (this.top5[label] ?? 0) + 1;
    const pair = label * this.classes + predicted;
    this.pairs.set(pair, (this.pairs.get(pair) ?? 0) + 1);
  }

  /** The counts, to be merged into another process's tally. */
  state(): TallyState {
    const { accuracy, loss } = this;
    return {
      loss: [loss.total, loss.count],
      accuracy: [...accuracy.counts()],
      top5: [...this.top5],
      pairs: [...this.pairs],
    };
  }

  /** Adds the counts of another process. */
  merge({ loss, accuracy, top5, pairs }: TallyState): void {
    const [total, weight] = loss;
    if (weight > 0) this.loss.add(total / weight, weight);
    const [correct1 = 0, correct5 = 0, images = 0] = accuracy;
    this.accuracy.add(correct1, correct5, images);
    for (const [label, count] of top5.entries()) this.top5[label] = (this.top5[label] ?? 0) + count;
    for (const [pair, count] of pairs) this.pairs.set(pair, (this.pairs.get(pair) ?? 0) + count);
  }

  /** Nonzero cells of the confusion matrix, by label and prediction. */
  cells(): ConfusionCell[] {
    return [...this.pairs]
      .sort(([a], [b]) => a - b)
      .map(([pair, count]) => ({
        label: Math.floor(pair / this.classes),
        predicted: pair % this.classes,
        count,
      }));
  }

  /** Counts per class, one for every output. */
  perClass(): ClassCount[] {
    const images = new Uint32Array(this.classes);
    const correct = new Uint32Array(this.classes);
    for (const { label, predicted, count } of this.cells()) {
      images[label] = (images[label] ?? 0) + count;
      if (predicted === label) correct[label] = count;
    }
    return Array.from(images, (count, label) => ({
      images: count,
      correct1: correct[label] ?? 0,
      correct5: this.top5[label] ?? 0,
    }));
  }
}
