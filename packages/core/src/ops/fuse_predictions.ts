/**
 * Test-time prediction fusion for segmentation. Resizes the logits of every scale and orientation to the
 * image and fuses their softmaxes into one label and one probability per pixel, without ever storing class
 * scores at image size.
 */

import { channels, dim, elements, formatType, type TensorType } from '@inplace-abn/tensor';
import { ShapeError, UsageError } from '../errors.js';
import { KEEPS_NOTHING, type OpDefinition, PURE } from '../ir/define.js';
import { emitAll, outputAt } from '../ir/emit.js';
import type { Value } from '../ir/value.js';
import { streamed } from './support/cost.js';
import { type FusionMode, fuse, isFusionMode, MAX_CLASSES, resizedLogits } from './support/fusion.js';
import { checkImages, type Pair } from './support/window.js';

export type FusePredictionsAttributes = {
  readonly mode: FusionMode;
  /** Height and width of the outputs. */
  readonly size: readonly number[];
  /** Per operand: 1 if computed from the horizontally mirrored image, else 0. */
  readonly mirrored: readonly number[];
};

function checkAttributes({ mode, size, mirrored }: FusePredictionsAttributes, operands: number): void {
  if (!isFusionMode(mode)) {
    throw new ShapeError(`expected mean, voting or max for mode but received '${String(mode)}'`);
  }
  if (size.length !== 2 || size.some((length) => !Number.isInteger(length) || length < 1)) {
    throw new ShapeError(`expected [height, width] of at least 1 for size but received [${size.join(', ')}]`);
  }
  if (mirrored.length !== operands || mirrored.some((flag) => flag !== 0 && flag !== 1)) {
    throw new ShapeError(
      `expected 0 or 1 for each of ${operands} logits in mirrored but received [${mirrored.join(', ')}]`,
    );
  }
}

function checkLogits(logits: TensorType, first: TensorType, index: number): void {
  checkImages(logits, `logits ${index}`);
  const classes = channels(logits.shape);
  if (classes < 1 || classes > MAX_CLASSES || elements(logits.shape.slice(2)) === 0) {
    throw new ShapeError(
      `expected 1 to ${MAX_CLASSES} classes and at least one pixel for logits ${index} but received ${formatType(logits)}`,
    );
  }
  if (dim(logits.shape, 0) !== dim(first.shape, 0) || classes !== channels(first.shape)) {
    throw new ShapeError(
      `operands differ in images or classes: ${formatType(first)} and ${formatType(logits)}`,
    );
  }
}

export const fusePredictionsOp: OpDefinition<FusePredictionsAttributes> = {
  name: 'fuse_predictions',
  inputs: [{ name: 'logits', kind: 'data', variadic: true }],
  outputs: [
    { name: 'label', kind: 'uint8' },
    { name: 'probability', kind: 'float32' },
  ],
  infer({ attrs, inputs, input }) {
    checkAttributes(attrs, inputs.length);
    inputs.forEach((_, index) => {
      checkLogits(input(index), input(0), index);
    });
    const shape = [dim(input(0).shape, 0), ...attrs.size];
    return [
      { shape, dtype: 'uint8' },
      { shape, dtype: 'float32' },
    ];
  },
  gradient: null,
  overwrites: [],
  inverses: [],
  absorb: null,
  slices: null,
  rows: null,
  fusion: null,
  parts: null,
  labels: null,
  effects: PURE,
  cost(context, outputs) {
    const pixels = outputs[0] ? elements(outputs[0].shape) : 0;
    const logits = pixels * channels(context.input(0).shape) * context.inputs.length;
    return streamed(context, outputs, logits);
  },
  reference({ attrs, inputs, input, output }) {
    const [label, probability] = [output(0), output(1)];
    const [height, width] = [dim(attrs.size, 0), dim(attrs.size, 1)];
    const area = height * width;
    for (let pixel = 0; pixel < elements(label.shape); pixel++) {
      const [y, x] = [Math.floor((pixel % area) / width), pixel % width];
      const logits = inputs.map((_, i) => {
        const column = attrs.mirrored[i] === 1 ? width - 1 - x : x;
        return resizedLogits(input(i), Math.floor(pixel / area), [height, width], [y, column]);
      });
      const fused = fuse(attrs.mode, logits);
      label.data[pixel] = fused.label;
      probability.data[pixel] = fused.probability;
    }
  },
  peerKeeps: KEEPS_NOTHING,
};

/** Options of {@link fusePredictions}. */
export interface FusePredictionsOptions {
  /**
   * `mean`: averages the softmaxes and takes the largest class. `voting`: each prediction votes for its
   * largest class; the class with the most votes wins (ties go to the lowest), with the mean probability of
   * its votes. `max`: takes the most confident prediction (ties go to the first).
   */
  readonly mode: FusionMode;
  /** Height and width of the outputs. */
  readonly size: Pair;
  /** Per operand: true if computed from the horizontally mirrored image. */
  readonly mirrored: readonly boolean[];
}

/**
 * Fuses logits [N,K,h_i,w_i], K ≤ 256, each resized like torch.nn.functional.interpolate (bilinear,
 * align_corners=False): label uint8 [N,H,W] and probability float32 [N,H,W]. If any softmax of a pixel is
 * NaN, the pixel's probability is NaN and its label 0, the argmax of an all-NaN row in PyTorch.
 *
 * @throws UsageError without logits, ShapeError if operands or options do not fit
 */
export function fusePredictions(
  logits: readonly Value[],
  { mode, size, mirrored }: FusePredictionsOptions,
): {
  /** Class of each pixel, uint8 [N,H,W]. */
  label: Value<'uint8'>;
  /** Its probability, float32 [N,H,W]. */
  probability: Value<'float32'>;
} {
  if (logits.length === 0) throw new UsageError('fusePredictions: expected logits of at least one scale');
  const attrs = { mode, size, mirrored: mirrored.map(Number) };
  const outputs = emitAll(fusePredictionsOp, logits, attrs);
  return { label: outputAt(outputs, 0).as('uint8'), probability: outputAt(outputs, 1).as('float32') };
}
