/** How the batches of a configuration are mixed. */
import type { MixOptions } from '@inplace-abn/data';
import type { MixConfig } from '../config/mix.js';

/** Whether the loader of training images draws pairs, so that the step mixes pixels and labels. */
export function mixesBatches({ mix: { mixup, cutmix, probability } }: { readonly mix: MixConfig }): boolean {
  return (mixup > 0 || cutmix > 0) && probability > 0;
}

/** The loader's options; undefined where nothing is mixed. */
export function mixOptions(config: { readonly mix: MixConfig }): MixOptions | undefined {
  if (!mixesBatches(config)) return undefined;
  const { mixup, cutmix, probability, switch_probability: switchProbability } = config.mix;
  return { mixup, cutmix, probability, switchProbability };
}
