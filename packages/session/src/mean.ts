import type { StepResult } from './fit.js';

/**
 * Means weighted by the samples of each batch. A batch without samples, as when nothing is labeled, does not
 * count.
 */
export class Mean<M extends string> {
  private sum = 0;
  private readonly sums = new Map<string, number>();
  private last: StepResult<M> | null = null;
  private weight = 0;

  add(result: StepResult<M>): void {
    const { loss, samples, metrics } = result;
    this.last = result;
    if (samples === 0) return;
    this.sum += loss * samples;
    for (const name in metrics) this.sums.set(name, (this.sums.get(name) ?? 0) + metrics[name] * samples);
    this.weight += samples;
  }

  get empty(): boolean {
    return this.last === null;
  }

  /** NaN if no sample was counted. */
  get result(): StepResult<M> {
    const names = Object.keys(this.last?.metrics ?? {});
    const metrics = names.map((name) => [name, (this.sums.get(name) ?? 0) / this.weight]);
    return { loss: this.sum / this.weight, metrics: Object.fromEntries(metrics), samples: this.weight };
  }
}
