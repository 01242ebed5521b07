/** A network that gives logits for images, or for several crops of each. */
import { type Device, dim, type Graph, UsageError, valueInfo } from '@inplace-abn/core';
import type { Batch, Sides } from '@inplace-abn/data';
import type { Module } from '@inplace-abn/nn';
import { describeCrop, heightAndWidth } from '../task/images.js';
import { Predictor } from './predictor.js';

export interface ClassifierOptions {
  readonly device: Device;
  readonly network: Module;
  readonly precision: 'float32' | 'bfloat16';
  /** Pixels of a crop: the side of a square, or height and width. */
  readonly crop: Sides;
  /** Crops of each image; their logits are averaged. */
  readonly crops: number;
  /** Images of the batches that will come: a full one and the last. */
  readonly batches: readonly number[];
}

/** A classification network that predicts. */
export class Classifier extends Predictor {
  /** Outputs of the network. */
  readonly classes: number;

  /**
   * Plans everything and checks that it fits in memory before anything is allocated.
   *
   * @throws UsageError for a network without a classifier or no batch sizes; with the code ERR_MEMORY if the
   * machine has too little memory
   */
  constructor(private readonly options: ClassifierOptions) {
    const { crop, crops, batches } = options;
    super(options, crop);
    const plans = batches.map((images) => this.session.plan({ predict: images * crops }));
    this.classes = classesOf(plans[0]?.raw.graph);
    const what = `batch ${Math.max(...batches) * crops} at ${describeCrop(crop)}`;
    this.session.reserve(plans, { what, advice: 'choose a smaller batch or crop' });
  }

  /** Logits of the images of a batch, row-major size×classes: for several crops, the mean over the crops. */
  async logits(batch: Pick<Batch, 'images' | 'color' | 'size'>): Promise<Float32Array> {
    const { crop, crops } = this.options;
    const [height, width] = heightAndWidth(crop);
    const images = batch.images.subarray(0, batch.size * crops * height * width * 3);
    const color = repeatRows(batch.color, 12, batch.size, crops);
    const { data } = await this.session.predict({ images, color });
    return meanOfRows(data, this.classes, crops);
  }
}

function classesOf(graph: Graph | undefined): number {
  const id = graph?.outputs.get('output');
  if (!graph || id === undefined) throw new UsageError('expected at least one batch size to plan for');
  const { shape } = valueInfo(graph, id);
  if (shape.length === 2) return dim(shape, 1);
  throw new UsageError(
    `the network returns ${shape.join('×')} instead of one row of logits for each image: it has no classifier (network.classes is 0)`,
  );
}

/** Repeats each of `rows` rows `times` times in succession. */
function repeatRows(values: Float32Array, width: number, rows: number, times: number): Float32Array {
  const repeated = new Float32Array(rows * times * width);
  for (let row = 0; row < rows * times; row++) {
    const from = Math.floor(row / times) * width;
    repeated.set(values.subarray(from, from + width), row * width);
  }
  return repeated;
}

/** Averages each group of `count` consecutive rows. */
function meanOfRows(values: Float32Array, width: number, count: number): Float32Array {
  if (count === 1) return values;
  const means = new Float32Array(values.length / count);
  for (let i = 0; i < means.length; i++) {
    const first = Math.floor(i / width) * count * width + (i % width);
    let sum = 0;
    for (let k = 0; k < count; k++) sum += values[first + k * width] as number;
    means[i] = sum / count;
  }
  return means;
}
