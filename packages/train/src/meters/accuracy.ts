/** Top-1 and top-5 accuracy in percent, computed from counts of correct images. */
export class Accuracy {
  private correct1 = 0;
  private correct5 = 0;
  private images = 0;

  /**
   * Adds the counts of one batch.
   *
   * @param correct1 images whose highest logit is at the label
   * @param correct5 images whose label is among the five highest logits
   * @param images images in the batch
   * @throws RangeError unless 0 ≤ correct1 ≤ correct5 ≤ images
   */
  add(correct1: number, correct5: number, images: number): void {
    if (!(correct1 >= 0 && correct1 <= correct5 && correct5 <= images)) {
      throw new RangeError(
        `expected 0 <= top-1 <= top-5 <= images, received ${correct1}, ${correct5}, ${images}`,
      );
    }
    this.correct1 += correct1;
    this.correct5 += correct5;
    this.images += images;
  }

  /** Samples so far. */
  get count(): number {
    return this.images;
  }

  /** Percent; NaN if nothing was added. */
  get top1(): number {
    return (100 * this.correct1) / this.images;
  }

  /** Percent; NaN if nothing was added. */
  get top5(): number {
    return (100 * this.correct5) / this.images;
  }

  /** Totals of the arguments of `add`. */
  counts(): Float64Array {
    return Float64Array.of(this.correct1, this.correct5, this.images);
  }

  /** Forgets all samples. */
  reset(): void {
    this.correct1 = 0;
    this.correct5 = 0;
    this.images = 0;
  }
}
