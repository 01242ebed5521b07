/** A network on decoded images. */
import type { Value } from '@inplace-abn/core';
import type { Sides } from '@inplace-abn/data';
import type { Mode } from '@inplace-abn/nn';
import type { InputOptions } from '@inplace-abn/session';
import { heightAndWidth, type ImageInputs, normalized } from '../task/images.js';
import { Around } from './around.js';

/** Normalizes the images on the device, before the network. */
export class OnImages extends Around<ImageInputs> {
  protected forward(inputs: ImageInputs, mode: Mode): Value {
    return this.network.call(normalized(inputs), mode);
  }
}

/** Session inputs of one sample of such a network. */
export function imageOptions(crop: Sides): Record<keyof ImageInputs, InputOptions> {
  return { images: { shape: [3, ...heightAndWidth(crop)], dtype: 'uint8' }, color: { shape: [12] } };
}
