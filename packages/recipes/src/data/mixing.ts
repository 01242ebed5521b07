/** How the batches of a configuration are mixed. */
import { type MixOptions, mixes } from '@inplace-abn/data';
import type { MixConfig } from '../config/mix.js';

/** Whether the loader of training images draws pairs, so that the step mixes pixels and labels. */
export function mixesBatches(config: { readonly mix: MixConfig }): boolean {
  return mixOptions(config) !== undefined;
}

/** The loader's options; undefined if nothing is mixed. */
export function mixOptions(config: { readonly mix: MixConfig }): MixOptions | undefined {
  const { mixup, cutmix, probability, switch_probability: switchProbability } = config.mix;
  const options = { mixup, cutmix, probability, switchProbability };
  return mixes(options) ? options : undefined;
}
