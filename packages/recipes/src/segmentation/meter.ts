import type { Batch } from '@inplace-abn/data';
import type { ByClass, Counted, Meter, Metrics, Outputs } from '@inplace-abn/train';
import { Confusion } from './confusion.js';
import { labeledPixels } from './objective.js';

/** Pixel accuracy from the counts `correct` of training steps. */
export class PixelMeter implements Meter {
  private correct = 0;
  private pixels = 0;

  add(outputs: Outputs, batch: Batch, labeled = labeledPixels(batch)): Counted {
    if (labeled === 0) return { metrics: { accuracy: Number.NaN }, labeled };
    const correct = Number(outputs.correct?.[0]);
    this.correct += correct;
    this.pixels += labeled;
    return { metrics: { accuracy: (100 * correct) / labeled }, labeled };
  }

  get metrics(): Metrics {
    return { accuracy: (100 * this.correct) / this.pixels };
  }

  counts(): Float64Array {
    return Float64Array.of(this.correct, this.pixels);
  }

  setCounts([correct = 0, pixels = 0]: Float64Array): void {
    this.correct = correct;
    this.pixels = pixels;
  }

  reset(): void {
    this.correct = 0;
    this.pixels = 0;
  }
}

/** Mean IoU and pixel accuracy from the counts `matrix` of evaluation steps. */
export class ConfusionMeter implements Meter {
  readonly confusion: Confusion;

  constructor(classes: number) {
    this.confusion = new Confusion(classes);
  }

  add(outputs: Outputs): Counted {
    const found = new Confusion(this.confusion.classes);
    found.matrix.set(Float64Array.from(outputs.matrix ?? [], Number));
    this.confusion.merge(found);
    return { metrics: metricsOf(found), labeled: found.pixels };
  }

  get metrics(): Metrics {
    return metricsOf(this.confusion);
  }

  get byClass(): ByClass {
    const { confusion } = this;
    const share = (id: number) => confusion.iou(id) ?? Number.NaN;
    return { iou: Array.from({ length: confusion.classes }, (_, id) => 100 * share(id)) };
  }

  counts(): Float64Array {
    return this.confusion.matrix;
  }

  setCounts(counts: Float64Array): void {
    this.confusion.matrix.set(counts);
  }

  reset(): void {
    this.confusion.reset();
  }
}

function metricsOf({ meanIou, pixelAccuracy }: Confusion): Metrics {
  return { miou: 100 * meanIou, accuracy: 100 * pixelAccuracy };
}
