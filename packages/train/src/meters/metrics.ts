/** The metrics of every task: their keys in files, and how lines and charts name them. All are in percent. */

interface MetricAbout {
  readonly label: string;
  /** In the progress line, where the least important is left out first. */
  readonly weight: number;
}

/** In the order of lines and files. */
export const METRICS = {
  top1: { label: 'top-1', weight: 7 },
  top5: { label: 'top-5', weight: 4 },
  miou: { label: 'mIoU', weight: 8 },
  accuracy: { label: 'accuracy', weight: 7 },
} as const satisfies Record<string, MetricAbout>;

export type MetricName = keyof typeof METRICS;

/** Percent; NaN where nothing was counted. */
export type Metrics = Readonly<Partial<Record<MetricName, number>>>;

export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[];

/** The metrics that `values` has, by name, in the order of METRICS. */
export function metricEntries(values: Metrics): [MetricName, number][] {
  return METRIC_NAMES.flatMap((name): [MetricName, number][] => {
    const value = values[name];
    return value === undefined ? [] : [[name, value]];
  });
}

/**
 * The metrics that go with a loss: NaN where it is NaN. NaN ranks highest and the first class first among equals, so counts
 * over logits that are NaN would give the share of that class.
 */
export function metricsUnder(loss: number, metrics: Metrics): Metrics {
  if (!Number.isNaN(loss)) return metrics;
  return Object.fromEntries(metricEntries(metrics).map(([name]) => [name, Number.NaN]));
}

/** The key under which files keep the best value of a metric: `bestTop1`. */
export function bestKey(name: MetricName): string {
  return `best${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** Tags of TensorBoard: `val/top1`. */
export function metricScalars(phase: 'train' | 'val', values: Metrics): Record<string, number> {
  return Object.fromEntries(metricEntries(values).map(([name, value]) => [`${phase}/${name}`, value]));
}
