/** Tests on images with any number of labels. */
import type { Batch, SkippedImage } from '@inplace-abn/data';
import { PrecisionMeter } from '@inplace-abn/recipes';
import { StepClock } from '@inplace-abn/train';
import type { LabelTestResult } from './result.js';
import { type Counter, type TestParts, visitImages } from './visit.js';

type Findings = Pick<
  LabelTestResult,
  'data' | 'images' | 'unreadable' | 'map' | 'f1' | 'loss' | 'labels' | 'seconds'
>;

/** Sums over the images of a process. */
interface Sums {
  loss: number;
  images: number;
}

export class LabelRun implements Counter {
  readonly clock = new StepClock();
  private readonly meter: PrecisionMeter;
  private readonly totals: Sums = { loss: 0, images: 0 };

  constructor(private readonly parts: TestParts) {
    this.meter = new PrecisionMeter(parts.classifier.classes);
  }

  /** Tests all images; returns the results of all processes. */
  async run(): Promise<Findings | { readonly stopped: NodeJS.Signals }> {
    const stopped = await visitImages(this.parts, this);
    return stopped ? { stopped } : this.findings();
  }

  count(batch: Batch, logits: Float32Array): void {
    const { classes } = this.parts.classifier;
    // An unreadable image leaves its row empty.
    const rows = Array.from({ length: batch.size }, (_, row) => row).filter(
      (row) => batch.indices[row] !== -1,
    );
    const scores = new Float32Array(rows.length * classes);
    const labels = new Uint8Array(rows.length * classes);
    for (const [place, row] of rows.entries()) {
      scores.set(logits.subarray(row * classes, (row + 1) * classes), place * classes);
      const own = batch.labelSets?.subarray(row * classes, (row + 1) * classes);
      if (own) labels.set(own, place * classes);
    }
    const [predicted, positives, hits] = [new Float64Array(1), new Float64Array(1), new Float64Array(1)];
    for (const [i, score] of scores.entries()) {
      const label = labels[i] ?? 0;
      const above = score > 0 ? 1 : 0;
      predicted[0] = (predicted[0] ?? 0) + above;
      positives[0] = (positives[0] ?? 0) + label;
      hits[0] = (hits[0] ?? 0) + above * label;
      // Binary cross entropy: log(1 + eˣ) − t·x.
      this.totals.loss +=
        (Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score))) - label * score) / classes;
    }
    this.meter.add({ scores, predicted, positives, hits }, { size: rows.length, labelSets: labels });
    this.totals.images += rows.length;
  }

  sums(): Float64Array {
    return Float64Array.of(this.totals.loss, this.totals.images);
  }

  shown([loss = 0, images = 0]: Float64Array) {
    return { loss: loss / images };
  }

  private async findings(): Promise<Findings> {
    const { loader, peers, folder, classes, classifier } = this.parts;
    const own = {
      sums: this.totals,
      counts: this.meter.counts(),
      scored: this.meter.scored,
      skipped: loader.skipped,
    };
    const found = await peers.gather(own);
    const all = new PrecisionMeter(classifier.classes);
    const counts = found.map((part) => part.counts);
    all.setCounts(
      Float64Array.from(own.counts, (_, i) => counts.reduce((sum, part) => sum + (part[i] ?? 0), 0)),
    );
    for (const part of found) all.addScored(part.scored);
    const sum = (key: keyof Sums) => found.reduce((total, part) => total + part.sums[key], 0);
    const imagesOf = new Uint32Array(classifier.classes);
    for (const [i, label] of all.scored.labels.entries()) {
      const column = i % classifier.classes;
      imagesOf[column] = (imagesOf[column] ?? 0) + label;
    }
    const loss = sum('loss') / sum('images');
    const { map = Number.NaN, f1 = Number.NaN } = all.metrics;
    return {
      data: folder.root,
      images: sum('images'),
      unreadable: found
        .flatMap(({ skipped }): readonly SkippedImage[] => skipped)
        .sort((a, b) => a.index - b.index),
      // Scores that are not numbers have no order.
      map: Number.isNaN(loss) ? Number.NaN : map,
      f1: Number.isNaN(loss) ? Number.NaN : f1,
      loss,
      labels: (all.byClass.ap ?? []).map((ap, label) => ({
        label,
        name: classes.names[label] ?? '',
        images: imagesOf[label] ?? 0,
        ap,
      })),
      seconds: this.clock.seconds,
    };
  }
}

/** One line per class that occurs, in the order of the outputs. */
export function labelLines({ labels }: LabelTestResult): string[] {
  return labels
    .filter(({ images }) => images > 0)
    .map(({ name, ap, images }) => `${name}: AP ${ap.toFixed(2)} %, ${images} images`);
}
