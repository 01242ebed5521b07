import type { Batch } from '@inplace-abn/data';
import {
  averagePrecisions,
  type ByClass,
  type Counted,
  type Meter,
  type Metrics,
  meanOfKnown,
  type Outputs,
  type Scored,
} from '@inplace-abn/train';

/** F1 over all labels, from the counts `hits`, `predicted` and `positives` of steps. */
export class F1Meter implements Meter {
  private readonly sums = new Float64Array(3);

  add({ hits, predicted, positives }: Outputs, { size }: Pick<Batch, 'size'>, labeled = size): Counted {
    const found = Float64Array.from([hits, predicted, positives], (count) => Number(count?.[0]));
    for (const [i, value] of found.entries()) this.sums[i] = (this.sums[i] ?? 0) + value;
    return { metrics: { f1: f1Of(found) }, labeled };
  }

  get metrics(): Metrics {
    return { f1: f1Of(this.sums) };
  }

  counts(): Float64Array {
    return Float64Array.from(this.sums);
  }

  setCounts(counts: Float64Array): void {
    this.sums.set(counts);
  }

  reset(): void {
    this.sums.fill(0);
  }
}

/** 2·hits / (predicted + positives), in percent; NaN for 0/0. */
function f1Of([hits = 0, predicted = 0, positives = 0]: Float64Array): number {
  return (200 * hits) / (predicted + positives);
}

/** Adds average precisions, from the scores of all images. */
export class PrecisionMeter extends F1Meter {
  private readonly scores: Float32Array[] = [];
  private readonly labels: Uint8Array[] = [];
  private precisions: readonly number[] | null = null;

  /**
   * Starts without images.
   *
   * @param classes columns of scores and labels
   */
  constructor(private readonly classes: number) {
    super();
  }

  override add(outputs: Outputs, batch: Pick<Batch, 'size' | 'labelSets'>, labeled?: number): Counted {
    const values = batch.size * this.classes;
    this.addScored({
      scores: Float32Array.from({ length: values }, (_, i) => Number(outputs.scores?.[i])),
      labels: Uint8Array.from((batch.labelSets ?? new Uint8Array(0)).subarray(0, values)),
    });
    return super.add(outputs, batch, labeled);
  }

  /**
   * Scores [N, classes] and labels [N, classes] of 0 and 1 of the images so far, as one process of a group
   * sends them.
   */
  get scored(): Scored {
    const [scores, labels] = [concatenated(Float32Array, this.scores), concatenated(Uint8Array, this.labels)];
    return { scores, labels };
  }

  /** Adds scores and labels of images, such as those of another process. */
  addScored({ scores, labels }: Scored): void {
    this.scores.push(scores);
    this.labels.push(labels);
    this.precisions = null;
  }

  /** Metrics; mean average precision only once the scores of all images are known. */
  override get metrics(): Metrics {
    if (this.scores.length === 0) return super.metrics;
    return { map: meanOfKnown(this.ap), ...super.metrics };
  }

  /** Average precision of each class, in percent; NaN for a class without a positive image. */
  get byClass(): ByClass {
    return { ap: this.ap };
  }

  override reset(): void {
    super.reset();
    this.scores.length = 0;
    this.labels.length = 0;
    this.precisions = null;
  }

  private get ap(): readonly number[] {
    this.precisions ??= averagePrecisions(this.scored, this.classes);
    return this.precisions;
  }
}

interface Joined<A> {
  set(values: A, at: number): void;
  readonly length: number;
}

function concatenated<A extends Joined<A>>(Type: new (length: number) => A, parts: readonly A[]): A {
  const whole = new Type(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
