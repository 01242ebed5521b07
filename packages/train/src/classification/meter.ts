import type { Batch } from '@inplace-abn/data';
import { Accuracy } from '../meters/accuracy.js';
import type { Metrics } from '../task/metrics.js';
import type { Counted, Meter, Outputs } from '../task/task.js';

/** Top-1 and top-5 accuracy from the counts `correct` of a step. */
export class ClassificationMeter implements Meter {
  private readonly accuracy = new Accuracy();

  add(outputs: Outputs, { size }: Pick<Batch, 'size'>): Counted {
    const [correct1, correct5] = [Number(outputs.correct?.[0]), Number(outputs.correct?.[1])];
    this.accuracy.add(correct1, correct5, size);
    return { metrics: { top1: (100 * correct1) / size, top5: (100 * correct5) / size }, labelled: size };
  }

  get metrics(): Metrics {
    return { top1: this.accuracy.top1, top5: this.accuracy.top5 };
  }

  reset(): void {
    this.accuracy.reset();
  }
}
