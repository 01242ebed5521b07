/** Tests on images with one label each. */
import type { Batch, SkippedImage } from '@inplace-abn/data';
import { StepClock } from '@inplace-abn/train';
import { MostConfident } from './most-confident.js';
import { predictionOf } from './prediction.js';
import type { TestResult } from './result.js';
import { Tally } from './tally.js';
import { type Counter, type TestParts, visitImages } from './visit.js';

type Findings = Pick<
  TestResult,
  'data' | 'images' | 'unreadable' | 'top1' | 'top5' | 'loss' | 'classes' | 'confusion' | 'worst' | 'seconds'
>;

/** Number of wrong predictions in a result. */
const WORST = 48;

export class TestRun implements Counter {
  readonly clock = new StepClock();
  private readonly tally: Tally;
  private readonly worst = new MostConfident(WORST);
  /** Results of all processes, once gathered. */
  private unreadable: readonly SkippedImage[] = [];

  constructor(private readonly parts: TestParts) {
    this.tally = new Tally(parts.classifier.classes);
  }

  /** Tests all images; returns the results of all processes. */
  async run(): Promise<Findings | { readonly stopped: NodeJS.Signals }> {
    const stopped = await visitImages(this.parts, this);
    if (stopped) return { stopped };
    await this.bringTogether();
    return this.findings();
  }

  private async bringTogether(): Promise<void> {
    const { loader, peers } = this.parts;
    const own = { tally: this.tally.state(), worst: this.worst.list, skipped: loader.skipped };
    const found = await peers.gather(own);
    const others = found.filter((_, rank) => rank !== peers.rank);
    for (const { tally, worst } of others) {
      this.tally.merge(tally);
      for (const { index, ...prediction } of worst) this.worst.add(index, prediction);
    }
    this.unreadable = found.flatMap(({ skipped }) => skipped).sort((a, b) => a.index - b.index);
  }

  count(batch: Batch, logits: Float32Array, first: number): void {
    const { classes, classifier } = this.parts;
    for (let row = 0; row < batch.size; row++) {
      const index = first + row;
      // An unreadable image leaves its row empty.
      if (batch.indices[row] !== index) continue;
      const label = classes.outputs[batch.labels[row] ?? -1] ?? -1;
      const prediction = predictionOf(logits, row, classifier.classes, label);
      this.tally.add(prediction);
      // NaN logits are not a prediction.
      if (!Number.isNaN(prediction.loss)) this.worst.add(index, prediction);
    }
  }

  sums(): Float64Array {
    const { loss, accuracy } = this.tally;
    return Float64Array.of(loss.total, loss.count, ...accuracy.counts());
  }

  shown([total = 0, weight = 0, correct1 = 0, correct5 = 0, images = 0]: Float64Array) {
    return { loss: total / weight, top1: (100 * correct1) / images, top5: (100 * correct5) / images };
  }

  private findings(): Findings {
    const { folder, classes } = this.parts;
    const { loss, accuracy } = this.tally;
    return {
      data: folder.root,
      images: accuracy.count,
      unreadable: this.unreadable,
      top1: accuracy.top1,
      top5: accuracy.top5,
      loss: loss.mean,
      classes: this.tally
        .perClass()
        .map((counts, label) => ({ label, name: classes.names[label] ?? '', ...counts })),
      confusion: this.tally.cells(),
      worst: this.worst.list.map((mistake) => ({
        ...mistake,
        file: folder.relativePath(mistake.index),
        path: folder.path(mistake.index),
        ...(folder.part && { part: folder.part(mistake.index) }),
      })),
      seconds: this.clock.seconds,
    };
  }
}
