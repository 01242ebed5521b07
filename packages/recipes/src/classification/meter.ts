import type { Batch } from '@inplace-abn/data';
import { Accuracy, type Counted, type Meter, type Metrics, type Outputs } from '@inplace-abn/train';

/** Top-1 and top-5 accuracy from the counts `correct` of a step. */
export class ClassificationMeter implements Meter {
  private readonly accuracy = new Accuracy();

  add(outputs: Outputs, { size }: Pick<Batch, 'size'>, labeled = size): Counted {
    if (labeled === 0) return { metrics: { top1: Number.NaN, top5: Number.NaN }, labeled };
    const [correct1, correct5] = [Number(outputs.correct?.[0]), Number(outputs.correct?.[1])];
    this.accuracy.add(correct1, correct5, labeled);
    const metrics = { top1: (100 * correct1) / labeled, top5: (100 * correct5) / labeled };
    return { metrics, labeled };
  }

  get metrics(): Metrics {
    return { top1: this.accuracy.top1, top5: this.accuracy.top5 };
  }

  counts(): Float64Array {
    return this.accuracy.counts();
  }

  setCounts(counts: Float64Array): void {
    this.accuracy.reset();
    const [correct1 = 0, correct5 = 0, images = 0] = counts;
    this.accuracy.add(correct1, correct5, images);
  }

  reset(): void {
    this.accuracy.reset();
  }
}
