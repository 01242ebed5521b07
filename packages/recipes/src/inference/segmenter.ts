/**
 * Semantic segmentation of whole images: a session with one step per input size, over one store of weights
 * and one arena. Scales and mirror images run in turn in the same memory; only their small logits are kept. A
 * last step resizes, normalizes and fuses them pixel by pixel, so class scores never exist at the full image
 * size.
 */
import {
  type ComputeDType,
  type FusionMode,
  fusePredictions,
  type Graph,
  type Plan,
  resizeBilinear,
  trace,
  UsageError,
  valueInfo,
} from '@inplace-abn/core';
import { normalization, type Rgb, type Size } from '@inplace-abn/data';
import { EVALUATION } from '@inplace-abn/nn';
import type { SessionPlan, SessionStep } from '@inplace-abn/session';
import { formatBytes } from '@inplace-abn/tensor';
import { normalized } from '../task/images.js';
import { Predictor, type PredictorOptions } from './predictor.js';
import { formatSize, mirrored, type View, viewsOf } from './scales.js';

/** Options of a {@link Segmenter}. */
export interface SegmenterOptions extends PredictorOptions {
  /** Means of RGB in [0, 1], to subtract. */
  readonly mean: Rgb;
  /** Standard deviations of RGB in [0, 1], to divide by. */
  readonly std: Rgb;
  /** Scales of the image to predict at; default only 1. */
  readonly scales?: readonly number[];
  /** Whether to predict the mirror images too; default false. */
  readonly flip?: boolean;
  /** How to fuse the predictions; default `mean`. */
  readonly fusion?: FusionMode;
}

/** Pixels of a photograph: 8-bit RGB, height × width × 3. */
export interface Photograph extends Size {
  /** H×W×3, 8-bit RGB. */
  readonly data: Uint8Array;
}

/** Class and probability of every pixel of a photograph. */
export interface Segmentation extends Size {
  /** H×W class ids. */
  readonly label: Uint8Array;
  /** H×W: probability of the class in `label`. */
  readonly probability: Float32Array;
}

/** A segmentation network that predicts at several scales. */
export class Segmenter extends Predictor {
  /** @throws UsageError if the weights alone exceed the budget */
  constructor(private readonly options: SegmenterOptions) {
    // The session's input has one fixed size; each size of photograph has its own step.
    super(options, 64);
    const { memoryBudget = Number.POSITIVE_INFINITY } = options;
    if (memoryBudget <= this.weightBytes) {
      throw new UsageError(
        `a memory budget of ${formatBytes(memoryBudget)} does not hold the weights of the network, which take ${formatBytes(this.weightBytes)}: raise it`,
      );
    }
  }

  /** Bytes of the weights. */
  get weightBytes(): number {
    return this.session.stateBytes;
  }

  /** Frees the arena until the next image. */
  discard(): void {
    this.session.discard();
  }

  /** The plans for an image of this size, one per input size; allocates nothing. */
  plansFor(size: Size): Plan[] {
    return [...new Set(this.viewsOf(size).map((view) => planOf(this.networkStep(size, view)).raw))];
  }

  /**
   * Predicts the class of every pixel.
   *
   * @throws UsageError if the image does not fit the memory (code ERR_MEMORY) or the budget (ERR_BUDGET)
   */
  async segment(photograph: Photograph): Promise<Segmentation> {
    const views = this.viewsOf(photograph);
    const steps = views.map((view) => this.networkStep(photograph, view));
    const plans = steps.map(planOf);
    const fusion = this.fusionStep(photograph, views, plans);
    this.session.reserve([...plans, planOf(fusion)], {
      what: `an image of ${formatSize(photograph)}`,
      advice: 'make it smaller or set a memory budget',
    });
    const color = Float32Array.from(normalization(this.options.mean, this.options.std));
    const logits: [string, Float32Array][] = [];
    const mirror = this.options.flip ? mirrored(photograph.data, photograph) : photograph.data;
    for (const [index, step] of steps.entries()) {
      const { outputs } = await step.run({
        images: views[index]?.mirrored ? mirror : photograph.data,
        color,
      });
      logits.push([`logits${index}`, outputs.logits as Float32Array]);
    }
    const { outputs } = await fusion.run(Object.fromEntries(logits));
    const { label, probability } = outputs;
    const { width, height } = photograph;
    return { width, height, label: label as Uint8Array, probability: probability as Float32Array };
  }

  private viewsOf(size: Size): View[] {
    const { scales = [1], flip = false } = this.options;
    return viewsOf(size, scales, flip);
  }

  private networkStep(image: Size, view: View): SessionStep {
    const name = `an image of ${formatSize(image)} at ${formatSize(view)}`;
    return this.step(name, () => networkGraph(this.options, image, view));
  }

  private fusionStep(image: Size, views: readonly View[], plans: readonly SessionPlan[]): SessionStep {
    const key = views.map((view) => `${formatSize(view)}${view.mirrored ? ' mirrored' : ''}`).join(', ');
    const trace = () => fusionGraph(this.options, image, views, plans);
    return this.step(`the fusion of an image of ${formatSize(image)} from ${key}`, trace, 'float32');
  }

  private step(name: string, traced: () => Graph, precision?: ComputeDType): SessionStep {
    return this.session.step(name, traced, { precision, keepConstants: 'auto' });
  }
}

/** The plan of a step. Its errors name the image. */
function planOf(step: SessionStep): SessionPlan {
  try {
    return step.plan;
  } catch (error) {
    if (error instanceof UsageError) {
      throw new UsageError(`${step.name}: ${error.message}`, { cause: error, code: error.code });
    }
    throw error;
  }
}

/**
 * The graph of the network on an image of size `image` that is resized to `view`. Inputs: images, color;
 * output: logits.
 */
function networkGraph({ network }: SegmenterOptions, image: Size, view: Size): Graph {
  return trace((tracer) => {
    const images = tracer.input('images', [1, 3, image.height, image.width], 'uint8');
    const color = tracer.input('color', [1, 12], 'float32');
    const x = normalized({ images, color });
    const same = image.width === view.width && image.height === view.height;
    const resized = () => tracer.within('input', () => resizeBilinear(x, [view.height, view.width]));
    return { logits: network.call(same ? x : resized(), EVALUATION) };
  });
}

function fusionGraph(
  { fusion: mode = 'mean' }: SegmenterOptions,
  image: Size,
  views: readonly View[],
  plans: readonly SessionPlan[],
): Graph {
  return trace((tracer) => {
    const logits = plans.map(({ raw: { graph } }, index) => {
      const { shape } = valueInfo(graph, graph.outputs.get('logits') ?? -1);
      return tracer.input(`logits${index}`, shape, 'float32');
    });
    const mirroredViews = views.map((view) => view.mirrored);
    return fusePredictions(logits, { mode, size: [image.height, image.width], mirrored: mirroredViews });
  });
}
