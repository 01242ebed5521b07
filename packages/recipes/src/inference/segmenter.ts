/**
 * Semantic segmentation of whole images: a program for each input size, all over one store of weights and one arena.
 * Scales and mirror images run one after the other in the same memory; what stays of each are its small logits. A last
 * program resizes, normalises and fuses them pixel by pixel, so that no class volume of the image's size is ever there.
 */
import {
  type ComputeDType,
  colorTransform,
  compile,
  type Device,
  type FusionMode,
  fusePredictions,
  type Graph,
  type HostTensor,
  type Plan,
  Programs,
  resizeBilinear,
  type Store,
  statesOf,
  trace,
  UsageError,
} from '@inplace-abn/core';
import { normalization, type Rgb, type Size } from '@inplace-abn/data';
import { EVALUATION, type Module } from '@inplace-abn/nn';
import { allStates, fillStates, type StateTensors } from '@inplace-abn/session';
import { formatBytes } from '@inplace-abn/tensor';
import { formatSize, mirrored, type View, viewsOf } from './scales.js';

export interface SegmenterOptions {
  readonly device: Device;
  /** Images N×3×H×W → logits N×K×h×w. */
  readonly network: Module;
  readonly precision?: ComputeDType;
  /** Of RGB in [0, 1]. */
  readonly mean: Rgb;
  readonly std: Rgb;
  /** Factors of the image's size; default 1 alone. */
  readonly scales?: readonly number[];
  /** Also looks at the mirror image; default false. */
  readonly flip?: boolean;
  readonly fusion?: FusionMode;
  /** Bytes for weights and arena together; where it takes that, parts of the network run in strips of rows. */
  readonly memoryBudget?: number;
}

export interface Photograph extends Size {
  /** H×W×3, 8-bit RGB. */
  readonly data: Uint8Array;
}

export interface Segmentation extends Size {
  /** H×W class ids. */
  readonly label: Uint8Array;
  /** H×W: probability of the class in `label`. */
  readonly probability: Float32Array;
}

/** Plans that are kept for images of the same sizes, with their programs. */
const KEPT = 16;

export class Segmenter {
  private readonly programs: Programs;
  private readonly networks = new Recent<Plan>(KEPT);
  private readonly fusions = new Recent<Plan>(KEPT);

  /** Throws UsageError for a budget that the weights alone fill. */
  constructor(private readonly options: SegmenterOptions) {
    // The states are the same at every size; a small one is traced to know them.
    this.programs = new Programs(options.device, statesOf(networkGraph(options, PROBE, PROBE)));
    const { memoryBudget = Number.POSITIVE_INFINITY } = options;
    if (memoryBudget <= this.store.bytes) {
      throw new UsageError(
        `a memory budget of ${formatBytes(memoryBudget)} does not hold the weights of the network, which take ${formatBytes(this.store.bytes)}: raise it`,
      );
    }
  }

  private get store(): Store {
    return this.programs.store;
  }

  /** Bytes held now: the arena and the weights. */
  get bytes(): number {
    return this.programs.bytes;
  }

  get weightBytes(): number {
    return this.store.bytes;
  }

  /** Gives the arena back to the system until the next image. */
  discard(): void {
    this.programs.discard();
  }

  /** Takes the network's weights and statistics. */
  load(tensors: ReadonlyMap<string, HostTensor>): void {
    for (const [name, tensor] of allStates(this.store, tensors)) this.store.write(name, tensor.data);
  }

  /** The same of tensors that may be in a file: they are read straight into the states. */
  async fill(tensors: StateTensors): Promise<void> {
    await fillStates(this.store, allStates(this.store, tensors));
  }

  /** The plans of an image of this size, one for each size of the network's input: nothing is allocated. */
  plansFor(size: Size): Plan[] {
    return [...new Set(this.viewsOf(size).map((view) => this.networkPlan(size, view)))];
  }

  /** Classes of every pixel. Throws UsageError where the image does not fit the memory or the budget. */
  async segment(photograph: Photograph): Promise<Segmentation> {
    const views = this.viewsOf(photograph);
    const plans = views.map((view) => this.networkPlan(photograph, view));
    const fusion = this.fusionPlan(photograph, views, plans);
    this.programs.reserve([...plans, fusion], {
      what: `an image of ${formatSize(photograph)}`,
      advice: 'make it smaller or set a memory budget',
    });
    const color = Float32Array.from(normalization(this.options.mean, this.options.std));
    const logits: [string, Float32Array][] = [];
    const mirror = this.options.flip ? mirrored(photograph.data, photograph) : photograph.data;
    for (const [index, view] of views.entries()) {
      const program = this.programs.program(plans[index] as Plan);
      const { outputs } = await program.run({ images: view.mirrored ? mirror : photograph.data, color });
      logits.push([`logits${index}`, outputs.logits as Float32Array]);
    }
    const { outputs } = await this.programs.program(fusion).run(Object.fromEntries(logits));
    const { label, probability } = outputs;
    const { width, height } = photograph;
    return { width, height, label: label as Uint8Array, probability: probability as Float32Array };
  }

  private viewsOf(size: Size): View[] {
    const { scales = [1], flip = false } = this.options;
    return viewsOf(size, scales, flip);
  }

  private networkPlan(image: Size, view: View): Plan {
    return this.networks.get(`${formatSize(image)} ${formatSize(view)}`, () => {
      const graph = networkGraph(this.options, image, view);
      return this.compiled(graph, `an image of ${formatSize(image)} at ${formatSize(view)}`);
    });
  }

  private fusionPlan(image: Size, views: readonly View[], plans: readonly Plan[]): Plan {
    const mirroredViews = views.map((view) => view.mirrored);
    const key = `${formatSize(image)} ${views.map((view) => `${formatSize(view)}${view.mirrored ? 'm' : ''}`).join(' ')}`;
    return this.fusions.get(key, () => {
      const shapes = plans.map(
        ({ graph }) => graph.values.get(graph.outputs.get('logits') ?? -1)?.shape ?? [],
      );
      const graph = trace((tracer) => {
        const logits = shapes.map((shape, index) => tracer.input(`logits${index}`, shape, 'float32'));
        const { fusion: mode = 'mean' } = this.options;
        return fusePredictions(logits, { mode, size: [image.height, image.width], mirrored: mirroredViews });
      });
      return this.compiled(graph, `the fusion of an image of ${formatSize(image)}`, 'float32');
    });
  }

  private compiled(graph: Graph, what: string, precision = this.options.precision ?? 'float32'): Plan {
    const { device, memoryBudget } = this.options;
    const budget = memoryBudget === undefined ? undefined : memoryBudget - this.store.bytes;
    try {
      return compile(graph, device, { precision, keepConstants: 'auto', budget });
    } catch (error) {
      if (error instanceof UsageError) throw new UsageError(`${what}: ${error.message}`, { cause: error });
      throw error;
    }
  }
}

const PROBE: View = { width: 64, height: 64, mirrored: false };

/** An image of `image`'s size, resized to the view's, through the network. Inputs: images, color; output: logits. */
function networkGraph({ network }: SegmenterOptions, image: Size, view: Size): Graph {
  return trace((tracer) => {
    const images = tracer.input('images', [1, 3, image.height, image.width], 'uint8');
    const color = tracer.input('color', [1, 12], 'float32');
    const x = tracer.within('input', () => {
      const normalised = colorTransform(images, color);
      const same = image.width === view.width && image.height === view.height;
      return same ? normalised : resizeBilinear(normalised, [view.height, view.width]);
    });
    return { logits: network.call(x, EVALUATION) };
  });
}

/** The values asked for last, by key. */
class Recent<T> {
  private readonly values = new Map<string, T>();

  constructor(private readonly limit: number) {}

  get(key: string, make: () => T): T {
    const value = this.values.get(key) ?? make();
    this.values.delete(key);
    this.values.set(key, value);
    const [oldest] = this.values.keys();
    if (this.values.size > this.limit && oldest !== undefined) this.values.delete(oldest);
    return value;
  }
}
