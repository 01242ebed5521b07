/** A network that gives logits: one program for each batch size, over one store and one arena. */
import {
  checkFits,
  compile,
  type Device,
  dim,
  type Graph,
  type HostTensor,
  type Plan,
  Programs,
  type Store,
  statesOf,
  trace,
  UsageError,
  valueInfo,
} from '@inplace-abn/core';
import type { Batch, Sides } from '@inplace-abn/data';
import { EVALUATION, type Module } from '@inplace-abn/nn';
import { allStates, fillStates, type StateTensors } from '@inplace-abn/session';
import { type BatchShape, describeCrop, heightAndWidth, imageInputs } from '../task/images.js';

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

/** The network alone, with running statistics. Inputs: images, color; output: logits N×K. */
export function logitsStep(network: Module, shape: BatchShape): Graph {
  return trace((tracer) => ({ logits: network.call(imageInputs(tracer, shape), EVALUATION) }));
}

export class Classifier {
  /** Outputs of the network. */
  readonly classes: number;
  private readonly programs: Programs;
  /** By the images of a batch. */
  private readonly plans: ReadonlyMap<number, Plan>;

  /** Plans everything and checks that it fits in memory before anything is allocated. */
  constructor(private readonly options: ClassifierOptions) {
    const { device, network, precision, crop, crops } = options;
    const graphs = [...new Set(options.batches)].map((images) => {
      return { images, graph: logitsStep(network, { batch: images * crops, crop }) };
    });
    const plans = graphs.map(({ images, graph }) => ({
      images,
      plan: compile(graph, device, { precision }),
    }));
    this.classes = classesOf(graphs[0]?.graph);
    const arenaBytes = Math.max(...plans.map(({ plan }) => plan.arenaBytes));
    const weights = Math.max(...plans.map(({ plan }) => plan.bytes.weights));
    const what = `batch ${Math.max(...options.batches) * crops} at ${describeCrop(crop)}`;
    checkFits(device, arenaBytes + weights, { what, advice: 'choose a smaller batch or crop' });
    this.programs = new Programs(device, statesOf(...graphs.map(({ graph }) => graph)));
    this.plans = new Map(plans.map(({ images, plan }) => [images, plan]));
    this.programs.reserve([...this.plans.values()]);
  }

  get store(): Store {
    return this.programs.store;
  }

  /** Bytes held: the arena and the weights. */
  get bytes(): number {
    return this.programs.bytes;
  }

  /** Takes the network's weights and statistics; what evaluation does not read is passed over. */
  load(tensors: ReadonlyMap<string, HostTensor>): void {
    for (const [name, tensor] of allStates(this.store, tensors)) this.store.write(name, tensor.data);
  }

  /** The same of tensors that may be in a file: they are read straight into the states. */
  async fill(tensors: StateTensors): Promise<void> {
    await fillStates(this.store, allStates(this.store, tensors));
  }

  /** Logits of the images of a batch, row-major size×classes: for several crops, the mean over the crops. */
  async logits(batch: Pick<Batch, 'images' | 'color' | 'size'>): Promise<Float32Array> {
    const { crop, crops } = this.options;
    const plan = this.plans.get(batch.size);
    if (!plan) throw new RangeError(`no program for a batch of ${batch.size}`);
    const [height, width] = heightAndWidth(crop);
    const { outputs } = await this.programs.program(plan).run({
      images: batch.images.subarray(0, batch.size * crops * height * width * 3),
      color: repeatRows(batch.color, 12, batch.size, crops),
    });
    const logits = outputs.logits;
    if (!(logits instanceof Float32Array)) throw new TypeError('expected float32 logits');
    return meanOfRows(logits, this.classes, crops);
  }
}

function classesOf(graph: Graph | undefined): number {
  const id = graph?.outputs.get('logits');
  if (!graph || id === undefined) throw new UsageError('expected at least one batch size to plan for');
  const { shape } = valueInfo(graph, id);
  if (shape.length === 2) return dim(shape, 1);
  throw new UsageError(
    `the network gives ${shape.join('×')} in place of one row of logits for each image: it has no classifier (network.classes is 0)`,
  );
}

/** Each of `rows` rows `times` times, one after the other. */
function repeatRows(values: Float32Array, width: number, rows: number, times: number): Float32Array {
  const repeated = new Float32Array(rows * times * width);
  for (let row = 0; row < rows * times; row++) {
    const from = Math.floor(row / times) * width;
    repeated.set(values.subarray(from, from + width), row * width);
  }
  return repeated;
}

/** The mean of each `count` rows that follow each other. */
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
