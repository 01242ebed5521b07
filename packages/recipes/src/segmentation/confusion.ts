/** A confusion matrix of pixels, and the segmentation scores that follow from it. */
export class Confusion {
  /** Pixels, [label, predicted], row by row. */
  readonly matrix: Float64Array;

  /** @throws RangeError for a number of classes that is not from 1 to 256 */
  constructor(
    /** Class ids run from 0 to this, exclusive. */
    readonly classes: number,
  ) {
    if (!(Number.isInteger(classes) && classes >= 1 && classes <= 256)) {
      throw new RangeError(`expected 1 to 256 classes, received ${classes}`);
    }
    this.matrix = new Float64Array(classes * classes);
  }

  /**
   * Counts pixels. Those whose label is not a class (255 by convention) do not count.
   *
   * @returns how many counted
   * @throws RangeError if the maps differ in size or a prediction is not a class
   */
  add(labels: ArrayLike<number>, predicted: ArrayLike<number>): number {
    const { classes, matrix } = this;
    if (labels.length !== predicted.length) {
      throw new RangeError(`${labels.length} labels do not fit ${predicted.length} predictions`);
    }
    let counted = 0;
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i] as number;
      if (!(label >= 0 && label < classes)) continue;
      const guess = predicted[i] as number;
      if (!(guess >= 0 && guess < classes)) {
        throw new RangeError(`pixel ${i} is predicted as ${guess}, but there are ${classes} classes`);
      }
      const cell = label * classes + guess;
      matrix[cell] = (matrix[cell] as number) + 1;
      counted++;
    }
    return counted;
  }

  /**
   * Adds what another matrix of the same classes counted.
   *
   * @throws RangeError for a matrix of another number of classes
   */
  merge({ matrix, classes }: Confusion): void {
    if (classes !== this.classes) {
      throw new RangeError(`a matrix of ${classes} classes cannot be added to one of ${this.classes}`);
    }
    for (const [cell, count] of matrix.entries()) this.matrix[cell] = (this.matrix[cell] as number) + count;
  }

  /** Sets every count to zero. */
  reset(): void {
    this.matrix.fill(0);
  }

  /** Pixels that counted. */
  get pixels(): number {
    return this.matrix.reduce((a, b) => a + b, 0);
  }

  /** Intersection over union, 0 to 1; null for a class that occurs neither in labels nor in predictions. */
  iou(label: number): number | null {
    const { classes, matrix } = this;
    let union = 0;
    for (let other = 0; other < classes; other++) {
      union += matrix[label * classes + other] as number;
      if (other !== label) union += matrix[other * classes + label] as number;
    }
    return union === 0 ? null : (matrix[label * classes + label] as number) / union;
  }

  /** Mean IoU over the classes that have one, 0 to 1; NaN if none has. */
  get meanIou(): number {
    const known = Array.from({ length: this.classes }, (_, label) => this.iou(label)).filter(
      (iou) => iou !== null,
    );
    return known.reduce((a, b) => a + b, 0) / known.length;
  }

  /** Share of the pixels that were predicted as labeled, 0 to 1; NaN if none counted. */
  get pixelAccuracy(): number {
    const { classes, matrix } = this;
    let correct = 0;
    for (let label = 0; label < classes; label++) correct += matrix[label * classes + label] as number;
    return correct / this.pixels;
  }
}
