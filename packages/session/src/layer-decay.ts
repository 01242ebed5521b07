/** Learning rates that fall from the last layer to the first, as timm's layer decay. */
import { mul, type Tracer, UsageError, type Value } from '@inplace-abn/core';
import { type Selection, selected } from './selection.js';

/** Layers of any network, and by how much their learning rates fall. */
export interface LayerDecay {
  /** The learning rate of each layer over that of the layer behind it, above 0 and at most 1. */
  readonly factor: number;
  /** From the input on. Parameters in none of them are behind the last: their rate is not decayed. */
  readonly layers: readonly Selection[];
}

/**
 * The factor on each parameter's learning rate. A number is for networks of blocks, as all of the zoo are,
 * see {@link layerFactors}.
 *
 * @param names all parameters in the order of the network's modules
 * @throws UsageError, code ERR_NO_MATCH, for a layer that no parameter is in, and for a number where the
 * network has no blocks
 */
export function decayOfLayers(
  names: readonly string[],
  decay: number | LayerDecay,
): (name: string) => number {
  if (typeof decay !== 'number') {
    const layers = decay.layers.map((layer, index) => selected(`layerDecay.layers[${index}]`, layer, names));
    return (name) => {
      const layer = layers.findIndex((each) => each.has(name));
      return layer < 0 ? 1 : decay.factor ** (layers.length - layer);
    };
  }
  if (decay !== 1 && !names.some((name) => blockOf(name) !== null)) {
    throw new UsageError(
      'layerDecay: the network has no blocks that are named as in block1, layer1 or dense1: name its layers, as in ' +
        "{ factor: 0.75, layers: [['stem'], ['body']] }",
      { code: 'ERR_NO_MATCH' },
    );
  }
  return layerFactors(names, decay);
}

/**
 * As timm's param_groups_layer_decay: the factor of layer l of L + 1 is decay^(L − l). The stem is layer 0,
 * each block is one, and what comes behind the blocks is the last one.
 *
 * @param isLast parameters of the last layer that stand elsewhere, such as the classifier's
 */
export function layerFactors(
  names: readonly string[],
  decay: number,
  isLast: (name: string) => boolean = () => false,
): (name: string) => number {
  if (decay === 1) return () => 1;
  const layers = new Map<string, number>();
  for (const name of names) {
    const block = isLast(name) ? null : blockOf(name);
    if (block !== null && !layers.has(block)) layers.set(block, layers.size + 1);
  }
  const last = layers.size + 1;
  let begun = false;
  const layerOf = new Map<string, number>();
  for (const name of names) {
    const block = isLast(name) ? null : blockOf(name);
    begun ||= block !== null;
    const around = begun || isLast(name) ? last : 0;
    layerOf.set(name, block === null ? around : (layers.get(block) ?? last));
  }
  return (name) => decay ** (last - (layerOf.get(name) ?? last));
}

/** The path of the block that a parameter is in, such as `body.mod3.block2`; null outside of blocks. */
function blockOf(name: string): string | null {
  return /^(.*?(?:^|\.)(?:block|dense|layer)\d+(?:\.\d+)?)\./.exec(name)?.[1] ?? null;
}

/** Multiplies learning rates in a training step: one value for all parameters that have the same. */
export function scaledRates(tracer: Tracer): (rate: Value, factor: number) => Value {
  const known = new Map<Value, Map<number, Value>>();
  return (rate, factor) => {
    if (factor === 1) return rate;
    const scaled = known.get(rate) ?? new Map<number, Value>();
    known.set(rate, scaled);
    const value =
      scaled.get(factor) ??
      tracer.during('update', null, () => tracer.within('rates', () => mul(rate, factor)));
    scaled.set(factor, value);
    return value;
  };
}
