/** Learning rates that fall from the last layer to the first, as timm's layer decay. */
import { mul, type Tracer, UsageError, type Value } from '@inplace-abn/core';
import { type Selection, selected } from './selection.js';

/** Layers of any network, and by how much their learning rates fall. */
export interface LayerDecay {
  /** Ratio of each layer's learning rate to the next layer's, above 0 and at most 1. */
  readonly factor: number;
  /** From the input on. Parameters in none of them keep their rate. */
  readonly layers: readonly Selection[];
}

/** Options of {@link layerFactors}. */
export interface LayerFactorsOptions {
  /** Name of the option that has the decay, for the error. */
  readonly option: string;
  /** Alternative to blocks, for the error. */
  readonly otherwise?: string;
  /** Whether a parameter belongs to the last layer wherever it is, such as the classifier's. */
  readonly isLast?: (name: string) => boolean;
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
  if (typeof decay === 'number') {
    const otherwise = ", or list the network's layers, as in { factor: 0.75, layers: [['stem'], ['body']] }";
    return layerFactors(names, decay, { option: 'layerDecay', otherwise });
  }
  const layers = decay.layers.map((layer, index) => selected(`layerDecay.layers[${index}]`, layer, names));
  return (name) => {
    const layer = layers.findIndex((each) => each.has(name));
    return layer < 0 ? 1 : decay.factor ** (layers.length - layer);
  };
}

/**
 * As timm's param_groups_layer_decay: the factor of layer l of L + 1 is decay^(L − l). The stem is layer 0,
 * each block is one, and what comes behind the blocks is the last one. Parameters between two blocks, such as
 * a transition's, are in the layer of the block before them.
 *
 * The naming is the one of these that puts the most parameters in blocks:
 *
 * - `block1`, `layer1` or `dense1`, or a numbered module right below it: `layer1.0`, as in ResNets. A layer
 *   of a dense module is one too: its convolutions `convs1.0` and `convs3.0`.
 * - `denseblock1.denselayer1`: torchvision's and timm's DenseNets.
 * - `block1.block1-0` and `s1.b1`: torchvision's and timm's RegNets.
 * - `encoder_layer_0`: torchvision's ViT.
 * - `blocks.0`, `blocks.0.1` or `stages.1.blocks.2`: timm's ViT, EfficientNet and ConvNeXt. As in timm,
 *   `stages.1.downsample` is in the first block of its stage.
 * - `stages.1.2`: timm's RepVGG.
 * - `features.3` or `features.3.1`: torchvision's VGG, MobileNet, EfficientNet and ConvNeXt.
 *
 * In the last three, a numbered module with weights of its own is not a block: the convolution
 * `features.0.0` and its norm `features.0.1` are in `features.0`.
 *
 * @param names all parameters in the order of the network's modules
 * @throws UsageError, code ERR_NO_MATCH, for a network without blocks
 */
export function layerFactors(
  names: readonly string[],
  decay: number,
  { option, otherwise = '', isLast = () => false }: LayerFactorsOptions,
): (name: string) => number {
  if (decay === 1) return () => 1;
  const blocks = blocksOf(names.map((name) => (isLast(name) ? null : name)));
  const layers = new Map<string, number>();
  for (const block of blocks) {
    if (block !== null && !layers.has(block)) layers.set(block, layers.size + 1);
  }
  if (layers.size === 0) {
    throw new UsageError(
      `${option}: the network has no blocks, which layer decay needs: name its modules block1, block2, … ` +
        `(or layer1.0, dense1, denseblock1.denselayer1, blocks.0, stages.0.blocks.0, features.0)${otherwise}`,
      { code: 'ERR_NO_MATCH' },
    );
  }
  const last = layers.size + 1;
  const end = blocks.findLastIndex((block) => block !== null);
  const layerOf = new Map<string, number>();
  let current = 0;
  for (const [index, name] of names.entries()) {
    current = layers.get(blocks[index] ?? '') ?? current;
    layerOf.set(name, index > end || isLast(name) ? last : current);
  }
  return (name) => decay ** (last - (layerOf.get(name) ?? last));
}

/** The block that a parameter is in, such as `body.mod3.block2`; null outside of blocks. */
type Naming = (name: string) => string | null;

/** A naming of blocks whose paths end in a way. */
function endingIn(pattern: string): Naming {
  const block = new RegExp(`^(.*?(?:^|\\.)${pattern})\\.`);
  return (name) => block.exec(name)?.[1] ?? null;
}

/** A number that ends a block's path: that of a module without weights of its own. */
const NUMBERED = '\\.\\d+(?!\\.(?:weight|bias)$)';

const numbered = endingIn('(?:block|dense|layer)\\d+(?:\\.\\d+)?');
const listed = endingIn(`blocks\\.\\d+(?:${NUMBERED})?`);

/**
 * Of RegNets, of the zoo and ResNets, of DenseNets, of ViTs, of networks with `blocks`, `stages` or
 * `features`. The first wins a tie: without it, a RegNet's stage `block1` would be a block.
 */
const NAMINGS: readonly Naming[] = [
  endingIn('(?:block\\d+\\.block\\d+-|s\\d+\\.b)\\d+'),
  (name) => {
    const dense = /^(.*?(?:^|\.))convs[13]\.(\d+)\./.exec(name);
    return dense ? `${dense[1]}${dense[2]}` : numbered(name);
  },
  endingIn('denseblock\\d+\\.denselayer\\d+'),
  endingIn('encoder_layer_\\d+'),
  (name) => {
    const stage = /^((?:.*\.)?(?:stages|layers)\.\d+)\.downsample\./.exec(name);
    return stage ? `${stage[1]}.blocks.0` : listed(name);
  },
  endingIn(`stages\\.\\d+${NUMBERED}`),
  endingIn(`features\\.\\d+(?:${NUMBERED})?`),
];

/** The block of each parameter by the naming that has most of them in blocks; null outside of blocks. */
function blocksOf(names: readonly (string | null)[]): (string | null)[] {
  const inBlocks = (blocks: readonly (string | null)[]) => blocks.filter((block) => block !== null).length;
  return NAMINGS.map((naming) => names.map((name) => (name === null ? null : naming(name)))).reduce(
    (best, blocks) => (inBlocks(blocks) > inBlocks(best) ? blocks : best),
  );
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
