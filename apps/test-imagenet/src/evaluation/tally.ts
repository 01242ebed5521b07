import { Accuracy, RunningAverage } from '@inplace-abn/train';
import type { Prediction } from './prediction.js';

export interface ClassCount {
  readonly images: number;
  /** Images whose highest logit, or one of the five highest, is their class's. */
  readonly correct1: number;
  readonly correct5: number;
}

/** So many images of class `label` were taken for `predicted`. */
export interface ConfusionCell {
  readonly label: number;
  readonly predicted: number;
  readonly count: number;
}

/** As JSON carries it from process to process. */
export interface TallyState {
  /** Sum and weight. */
  readonly loss: readonly [number, number];
  /** Of top-1, of top-5, and images. */
  readonly accuracy: readonly number[];
  readonly top5: readonly number[];
  readonly pairs: readonly (readonly [number, number])[];
}

/** Counts over a test: loss, accuracy, and who was taken for whom. */
export class Tally {
  readonly loss = new RunningAverage();
  readonly accuracy = new Accuracy();
  private readonly top5: Uint32Array;
  /** label · classes + predicted → images; few of many classes' pairs ever occur. */
  private readonly pairs = new Map<number, number>();

  /** @param classes outputs of the network */
  constructor(readonly classes: number) {
    this.top5 = new Uint32Array(classes);
  }

  /** Logits that are NaN, as the loss then is, predict no class: the image counts as wrong, and for none of the classes. */
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

  /** Adds what another process counted. */
  merge({ loss, accuracy, top5, pairs }: TallyState): void {
    const [total, weight] = loss;
    if (weight > 0) this.loss.add(total / weight, weight);
    const [correct1 = 0, correct5 = 0, images = 0] = accuracy;
    this.accuracy.add(correct1, correct5, images);
    for (const [label, count] of top5.entries()) this.top5[label] = (this.top5[label] ?? 0) + count;
    for (const [pair, count] of pairs) this.pairs.set(pair, (this.pairs.get(pair) ?? 0) + count);
  }

  /** The confusion matrix: its cells that are not 0, by label and prediction. */
  cells(): ConfusionCell[] {
    return [...this.pairs]
      .sort(([a], [b]) => a - b)
      .map(([pair, count]) => ({
        label: Math.floor(pair / this.classes),
        predicted: pair % this.classes,
        count,
      }));
  }

  /** Counts of every output's class. */
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
