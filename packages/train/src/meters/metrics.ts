/** The metrics of every task, all in percent: their keys in files and their names in output and charts. */

interface MetricAbout {
  /** Its name in output and charts. */
  readonly label: string;
  /** Rank in the progress line: the field with the lowest weight is dropped first. */
  readonly weight: number;
}

/** The metrics of all tasks, in the order in which lines and files list them. */
export const METRICS = {
  /** Images whose label has the largest logit, in percent. */
  top1: { label: 'top-1', weight: 7 },
  /** Images whose label is among the five largest logits, in percent. */
  top5: { label: 'top-5', weight: 4 },
  /** Mean intersection over union of the classes that occur, in percent. */
  miou: { label: 'mIoU', weight: 8 },
  /** Pixels whose class is right, of those that count, in percent. */
  accuracy: { label: 'accuracy', weight: 7 },
  /** Mean of the average precision of the classes that occur, in percent. */
  map: { label: 'mAP', weight: 8 },
  /** F1 of all labels at a probability of one half, in percent. */
  f1: { label: 'F1', weight: 7 },
} as const satisfies Record<string, MetricAbout>;

/** Name of a metric in records and charts. */
export type MetricName = keyof typeof METRICS;

/** Values of metrics in percent; NaN if nothing was counted. */
export type Metrics = { readonly [Name in keyof typeof METRICS]?: number };

/** Percent; NaN for classes that do not occur. */
export interface ByClass {
  /** Intersection over union of each class. */
  readonly iou?: readonly number[];
  /** Average precision of each class. */
  readonly ap?: readonly number[];
}

/** The entries that are present. */
export function byClassIn({ iou, ap }: ByClass): ByClass {
  return { ...(iou && { iou }), ...(ap && { ap }) };
}

export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[];

/** The metrics present in `values`, by name, in the order of METRICS. */
export function metricEntries(values: Metrics): [MetricName, number][] {
  return METRIC_NAMES.flatMap((name): [MetricName, number][] => {
    const value = values[name];
    return value === undefined ? [] : [[name, value]];
  });
}

/** The entries that are metrics. */
export function metricsNamed(values: Readonly<Record<string, number>>): Metrics {
  return Object.fromEntries(METRIC_NAMES.flatMap((name) => (name in values ? [[name, values[name]]] : [])));
}

/**
 * The metrics that go with a loss; all are NaN if the loss is. In a top-k NaN ranks highest and ties go to
 * the first class, so counts over NaN logits would report the share of that class.
 */
export function metricsUnder(loss: number, metrics: Metrics): Metrics {
  if (!Number.isNaN(loss)) return metrics;
  return Object.fromEntries(metricEntries(metrics).map(([name]) => [name, Number.NaN]));
}

/** The key of a metric's best value in files: `bestTop1`. */
export function bestKey(name: MetricName): string {
  return `best${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

/** TensorBoard tags and values: `val/top1`. */
export function metricScalars(phase: 'train' | 'val' | 'ema', values: Metrics): Record<string, number> {
  return Object.fromEntries(metricEntries(values).map(([name, value]) => [`${phase}/${name}`, value]));
}
