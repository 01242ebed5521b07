import type { Prediction } from './prediction.js';

/** A wrong prediction, and the image's index in its folder. */
export interface Mistake extends Prediction {
  readonly index: number;
}

/** Keeps the wrong predictions with the highest probability. */
export class MostConfident {
  private kept: Mistake[] = [];

  /** @param limit number of predictions to keep */
  constructor(private readonly limit: number) {}

  add(index: number, prediction: Prediction): void {
    if (prediction.rank === 0) return;
    const mistake = { ...prediction, index };
    const last = this.kept.at(-1);
    if (last && this.kept.length === this.limit && !before(mistake, last)) return;
    const place = this.kept.findIndex((other) => before(mistake, other));
    this.kept.splice(place === -1 ? this.kept.length : place, 0, mistake);
    this.kept.length = Math.min(this.kept.length, this.limit);
  }

  /** Most confident first; ties in folder order. */
  get list(): readonly Mistake[] {
    return this.kept;
  }
}

/**
 * Orders by probability, then by loss: predictions whose probability rounds to 1 still differ in that of the
 * label.
 */
function before(a: Mistake, b: Mistake): boolean {
  if (a.probability !== b.probability) return a.probability > b.probability;
  return a.loss === b.loss ? a.index < b.index : a.loss > b.loss;
}
