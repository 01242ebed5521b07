/** From images as they are decoded to what a network takes. */
import { UsageError, type ValueId, valueInfo } from '@inplace-abn/core';
import type { OnnxSignal } from './model/model.js';
import { DATA_TYPES } from './proto/messages.js';
import type { GraphWriter } from './writer.js';

/**
 * Normalization of the images that a network was trained on: RGB in [0, 1], less the mean, divided by the
 * deviation.
 */
export interface Normalization {
  /** Of red, green and blue. */
  readonly mean: readonly number[];
  /** Of red, green and blue. */
  readonly std: readonly number[];
}

/**
 * Adds the nodes from uint8 N×H×W×3 to the network's input `name`, and declares the input so.
 *
 * @throws UsageError where the network does not take images of three channels
 */
export function writePreprocessing(
  writer: GraphWriter,
  name: string,
  id: ValueId,
  { mean, std }: Normalization,
): OnnxSignal {
  const { shape, dtype } = valueInfo(writer.traces.first, id);
  const images = shape.length === 4 && shape[1] === 3 && dtype === 'float32';
  if (!images || mean.length !== 3 || std.length !== 3) {
    throw new UsageError(
      `preprocessing is of RGB images, N×3×H×W with three means and deviations: the network takes ${shape.join('×')} as ${name}, ` +
        `and there are ${mean.length} means and ${std.length} deviations`,
      { code: 'ERR_PREPROCESSING' },
    );
  }
  const bytes = (values: readonly number[]) => values.map((value) => 255 * value);
  const floats = writer.add('Cast', [name], { to: { int: DATA_TYPES.float32 } });
  const x = writer.add('Transpose', [floats], { perm: { ints: [0, 3, 1, 2] } });
  const centered = writer.add('Sub', [x, writer.floats('preprocessing.mean', [1, 3, 1, 1], bytes(mean))]);
  const scaled = writer.add('Div', [centered, writer.floats('preprocessing.std', [1, 3, 1, 1], bytes(std))]);
  writer.define(id, scaled);
  const [n = 1, c = 3, h = 1, w = 1] = writer.signal(name, id).shape;
  return { name, dtype: 'uint8', shape: [n, h, w, c] };
}
