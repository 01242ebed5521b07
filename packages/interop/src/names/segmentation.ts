/**
 * Recognizes a segmentation network of this project by the names and shapes of a file: a body, the DeepLabV3
 * head and a classifier of pixels.
 */
import type { ModelDescription } from '@inplace-abn/checkpoint';
import { type Pair, UsageError } from '@inplace-abn/core';
import { segmentationNetwork } from '@inplace-abn/models';
import { normLayers } from '../norms/layers.js';
import {
  firstDifference,
  type Recognized,
  type RecognizeOptions,
  recognize,
  type Specs,
} from './recognize.js';

/** Parts of a segmentation network in addition to its body. */
export interface SegmentationParts {
  /** Input pixels per position of the logits, on each axis. */
  readonly outputStride: number;
  /** Options of the DeepLabV3 head. */
  readonly head: {
    /** Channels of its output, which the classifier reads. */
    readonly channels: number;
    /** Channels of each of its parallel convolutions. */
    readonly hidden: number;
    /** Dilations of its 3×3 convolutions. */
    readonly dilations: readonly number[];
    /** Height and width of the window of its context in evaluation; null: the whole map. */
    readonly poolingSize: Pair | null;
  };
}

const BODY = 'body.';
const [CLASSIFIER, REDUCTION] = ['cls.weight', 'head.red_conv.weight'];
const MAPS = /^head\.map_convs\.\d+\.weight$/;

/** Whether these are names of a segmentation network. */
export function isSegmentation(found: Specs): boolean {
  return [CLASSIFIER, REDUCTION].every((name) => found.has(name));
}

/**
 * Finds the network whose tensors a file has. Names and shapes do not determine output stride, dilations and
 * pooling size, so these come from the description, or else from the published network.
 *
 * @throws UsageError, code ERR_OTHER_NETWORK, with the first tensor that differs
 */
export function recognizeSegmentation(
  found: Specs,
  { config }: ModelDescription,
  { source, arch }: RecognizeOptions,
): Recognized & { readonly segmentation: SegmentationParts } {
  const names = [...found.keys()];
  const body = new Map(
    names.flatMap((name) => {
      const spec = found.get(name);
      return spec && name.startsWith(BODY) ? [[name.slice(BODY.length), spec] as const] : [];
    }),
  );
  const recognized = recognize(body, { source: `the body in ${source}`, library: 'upstream', arch });
  const sideOf = (name: string) => found.get(name)?.shape[0] ?? 0;
  const maps = names.filter((name) => MAPS.test(name)).length;
  const told = config?.segmentation;
  const value = (key: string): unknown =>
    typeof told === 'object' && told !== null && key in told ? Reflect.get(told, key) : undefined;
  const [dilations, pooling, stride] = ['head_dilations', 'pooling_size', 'output_stride'].map(value);
  const segmentation: SegmentationParts = {
    outputStride: typeof stride === 'number' ? stride : 8,
    head: {
      channels: sideOf(REDUCTION),
      hidden: sideOf('head.map_convs.0.weight'),
      dilations: isNumbers(dilations) ? dilations : [12, 24, 36].slice(0, maps - 1),
      poolingSize: pooling === null ? null : isPair(pooling) ? pooling : [84, 84],
    },
  };
  const options = { ...recognized.options, classes: sideOf(CLASSIFIER) };
  const result = { ...recognized, options, segmentation };
  const network = segmentationOf(result, normLayers('standard', 'identity', 0.01));
  const expected = new Map(network.namedStates().map(({ name, shape, dtype }) => [name, { shape, dtype }]));
  const other = firstDifference(expected, found);
  if (other === null) return result;
  throw new UsageError(
    `${source} is most like ${recognized.arch} with DeepLabV3 but differs from it first in ${other}`,
    { code: 'ERR_OTHER_NETWORK' },
  );
}

/** Builds a segmentation network. */
export function segmentationOf(
  { arch, options: { classes = 0, ...body }, segmentation }: ReturnType<typeof recognizeSegmentation>,
  normAct: ReturnType<typeof normLayers>,
) {
  return segmentationNetwork({ arch, classes, normAct, body, ...segmentation });
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

function isPair(value: unknown): value is Pair {
  return isNumbers(value) && value.length === 2;
}
