/** The layers over which learning rates decay, for every network of the model zoo and for others. */
import {
  ARCHITECTURES,
  createNetwork,
  DENSENETS,
  RESNETS,
  RESNEXTS,
  TRESNETS,
  WIDER_RESNETS,
  WIDER_RESNETS_A2,
} from '@inplace-abn/models';
import { type AnyModule, InPlaceABN } from '@inplace-abn/nn';
import { describe, expect, it } from 'vitest';
import { layerFactors, TrainedParameters } from '../src/index.js';

/** Names of the modules in each layer of a network, starting at the input; the first layer is the stem. */
type Layers = readonly (readonly string[])[];

const CLASSIFIER = ['bn_out', 'classifier'];

/** Blocks of mod2, mod3, …, as `mod2.block1`. */
function ofBlocks(counts: readonly number[]): Layers {
  const blocks = counts.flatMap((count, index) =>
    Array.from({ length: count }, (_, block) => [`mod${index + 2}.block${block + 1}`]),
  );
  return [['mod1'], ...blocks, CLASSIFIER];
}

/** Both convolutions of a dense layer, and in the last layer of a module the transition after it. */
function ofDenseLayers(counts: readonly number[]): Layers {
  const layers = counts.flatMap((count, index) =>
    Array.from({ length: count }, (_, layer) => {
      const own = [1, 3].map((kernel) => `mod${index + 2}.convs${kernel}.${layer}`);
      return layer === count - 1 ? [...own, `tra${index + 2}`] : own;
    }),
  );
  return [['mod1'], ...layers, CLASSIFIER];
}

function ofTResNet(counts: readonly number[]): Layers {
  const blocks = counts.flatMap((count, index) =>
    Array.from({ length: count }, (_, block) => [`body.layer${index + 1}.${block}`]),
  );
  return [['body.conv1'], ...blocks, ['head']];
}

function each<S>(structures: Readonly<Record<string, S>>, layersOf: (structure: S) => Layers) {
  return Object.entries(structures).map(([arch, structure]) => [arch, layersOf(structure)] as const);
}

const ZOO = [
  ...each(RESNETS, ({ blocks }) => ofBlocks(blocks)),
  ...each(RESNEXTS, ofBlocks),
  ...each(WIDER_RESNETS, ofBlocks),
  ...each(WIDER_RESNETS_A2, ofBlocks),
  ...each(TRESNETS, ({ blocks }) => ofTResNet(blocks)),
  ...each(DENSENETS, ({ layers }) => ofDenseLayers(layers)),
];

/** Some parameters of torchvision and timm networks by layer, in each network's order. */
const NAMED_ELSEWHERE: readonly (readonly [string, Layers])[] = [
  [
    "torchvision's ResNet",
    [
      ['conv1.weight', 'bn1.weight'],
      ['layer1.0.conv1.weight', 'layer1.0.downsample.0.weight'],
      ['layer1.1.conv1.weight', 'layer1.1.bn1.bias'],
      ['layer2.0.conv1.weight'],
      ['fc.weight', 'fc.bias'],
    ],
  ],
  [
    "torchvision's DenseNet",
    [
      ['features.conv0.weight', 'features.norm0.weight'],
      ['features.denseblock1.denselayer1.norm1.weight', 'features.denseblock1.denselayer1.conv2.weight'],
      ['features.denseblock1.denselayer2.conv1.weight', 'features.transition1.conv.weight'],
      ['features.denseblock2.denselayer1.conv1.weight'],
      ['features.norm5.weight', 'classifier.weight'],
    ],
  ],
  [
    "torchvision's RegNet",
    [
      ['stem.0.weight', 'stem.1.weight'],
      ['trunk_output.block1.block1-0.proj.0.weight', 'trunk_output.block1.block1-0.f.a.0.weight'],
      ['trunk_output.block1.block1-1.f.se.fc1.bias'],
      ['trunk_output.block2.block2-0.f.c.1.weight'],
      ['fc.weight'],
    ],
  ],
  [
    "timm's RegNet",
    [
      ['stem.conv.weight', 'stem.bn.weight'],
      ['s1.b1.conv1.conv.weight', 's1.b1.downsample.bn.weight'],
      ['s1.b2.se.fc1.weight'],
      ['s2.b1.conv3.bn.bias'],
      ['head.fc.weight'],
    ],
  ],
  [
    "torchvision's ViT",
    [
      ['class_token', 'conv_proj.weight', 'encoder.pos_embedding'],
      ['encoder.layers.encoder_layer_0.ln_1.weight', 'encoder.layers.encoder_layer_0.mlp.0.weight'],
      ['encoder.layers.encoder_layer_1.self_attention.in_proj_weight'],
      ['encoder.ln.weight', 'heads.head.weight'],
    ],
  ],
  [
    "timm's ViT",
    [
      ['cls_token', 'pos_embed', 'patch_embed.proj.weight'],
      ['blocks.0.norm1.weight', 'blocks.0.ls1.gamma', 'blocks.0.mlp.fc1.weight'],
      ['blocks.1.attn.qkv.weight'],
      ['norm.weight', 'head.weight'],
    ],
  ],
  [
    "timm's EfficientNet",
    [
      ['conv_stem.weight', 'bn1.weight'],
      ['blocks.0.0.conv_dw.weight', 'blocks.0.0.bn1.weight'],
      ['blocks.1.0.conv_pw.weight'],
      ['blocks.1.1.se.conv_reduce.bias'],
      ['conv_head.weight', 'bn2.weight', 'classifier.weight'],
    ],
  ],
  [
    "timm's ConvNeXt",
    [
      ['stem.0.weight', 'stem.1.weight'],
      ['stages.0.blocks.0.gamma', 'stages.0.blocks.0.conv_dw.weight'],
      ['stages.0.blocks.1.mlp.fc1.weight'],
      ['stages.1.downsample.0.weight', 'stages.1.downsample.1.weight', 'stages.1.blocks.0.conv_dw.weight'],
      ['stages.1.blocks.1.norm.weight'],
      ['head.norm.weight', 'head.fc.weight'],
    ],
  ],
  [
    "timm's Swin Transformer",
    [
      ['patch_embed.proj.weight'],
      ['layers.0.blocks.0.attn.qkv.weight'],
      ['layers.1.downsample.norm.weight', 'layers.1.blocks.0.attn.qkv.weight'],
      ['norm.weight', 'head.fc.weight'],
    ],
  ],
  [
    "timm's RepVGG",
    [
      ['stem.conv_kxk.conv.weight'],
      ['stages.0.0.conv_kxk.conv.weight', 'stages.0.0.conv_1x1.bn.weight'],
      ['stages.0.1.identity.weight'],
      ['stages.1.0.conv_kxk.conv.weight'],
      ['head.fc.weight'],
    ],
  ],
  [
    "torchvision's VGG",
    [
      ['features.0.weight', 'features.0.bias'],
      ['features.3.weight'],
      ['classifier.0.weight', 'classifier.6.bias'],
    ],
  ],
  [
    "torchvision's MobileNetV2",
    [
      ['features.0.0.weight', 'features.0.1.bias'],
      ['features.1.conv.0.0.weight', 'features.1.conv.1.weight'],
      ['features.2.conv.0.0.weight'],
      ['features.18.0.weight', 'features.18.1.weight'],
      ['classifier.1.weight'],
    ],
  ],
  [
    "torchvision's ConvNeXt",
    [
      ['features.0.0.weight', 'features.0.1.weight'],
      ['features.1.0.layer_scale', 'features.1.0.block.0.weight'],
      ['features.1.1.layer_scale', 'features.1.1.block.5.bias'],
      ['features.2.0.weight', 'features.2.1.weight'],
      ['features.3.0.block.0.weight'],
      ['classifier.0.weight', 'classifier.2.weight'],
    ],
  ],
];

const networkOf = (arch: string) =>
  createNetwork(arch, { normAct: (channels, options) => new InPlaceABN(channels, options), classes: 3 });

const parametersOf = (network: AnyModule) =>
  network.namedStates().flatMap(({ name, kind }) => (kind === 'parameter' ? [name] : []));

/** The number of layers after that of each parameter. */
function behind(layers: Layers, names: readonly string[]): Record<string, number> {
  const entries = names.map((name) => {
    const at = layers.findIndex((prefixes) => prefixes.some((prefix) => name.startsWith(`${prefix}.`)));
    return [name, at < 0 ? Number.NaN : layers.length - 1 - at];
  });
  return Object.fromEntries(entries);
}

describe('the layers of a layer decay', () => {
  it('are known for every network of the model zoo', () => {
    expect(ZOO.map(([arch]) => arch).sort()).toEqual([...ARCHITECTURES].sort());
  });

  it.each(ZOO)('are the stem, each block and the classifier: %s', (arch, layers) => {
    const network = networkOf(arch);
    const names = parametersOf(network);
    const { rateFactorOf } = new TrainedParameters(network, { layerDecay: 0.5 });
    const found = Object.fromEntries(names.map((name) => [name, Math.log2(1 / rateFactorOf(name))]));
    expect(found).toEqual(behind(layers, names));
    expect(new Set(Object.values(found)).size).toBe(layers.length);
  });

  it('are the dense layers of a DenseNet', () => {
    const { rateFactorOf } = new TrainedParameters(networkOf('densenet121'), { layerDecay: 0.9 });
    const exponent = (name: string) => Math.round(Math.log(1 / rateFactorOf(name)) / Math.log(1 / 0.9));
    // Between the stem and the classifier, there are 6, 12, 24 and 16 dense layers.
    const expected = {
      'mod1.conv1.weight': 59,
      'mod2.convs1.0.bn.weight': 58,
      'mod2.convs3.0.conv.weight': 58,
      'mod2.convs3.5.conv.weight': 53,
      'tra2.conv.weight': 53,
      'mod3.convs1.0.conv.weight': 52,
      'mod5.convs3.15.bn.bias': 1,
      'bn_out.bias': 0,
      'classifier.fc.weight': 0,
    };
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, exponent(name)]))).toEqual(expected);
  });

  it('assign parameters between two blocks to the first of them', () => {
    const names = ['stem.w', 'block1.w', 'down.w', 'block2.w', 'norm.w', 'fc.w'];
    const factorOf = layerFactors(names, 0.5, { option: 'decay' });
    expect(names.map(factorOf)).toEqual([0.125, 0.25, 0.25, 0.5, 1, 1]);
    const isLast = (name: string) => name === 'block2.w' || name === 'fc.w';
    expect(names.map(layerFactors(names, 0.5, { option: 'decay', isLast }))).toEqual([0.25, 0.5, 1, 1, 1, 1]);
  });

  it.each(NAMED_ELSEWHERE)('are known by the names of %s', (_network, layers) => {
    const names = layers.flat();
    const factorOf = layerFactors(names, 0.5, { option: 'decay' });
    const expected = layers.flatMap((layer, index) => layer.map((name) => [name, layers.length - 1 - index]));
    expect(names.map((name) => [name, Math.log2(1 / factorOf(name))])).toEqual(expected);
  });

  it.each([
    [
      'a stage of numbered blocks with a downsample',
      [
        'stem.w',
        'stages.0.0.conv.w',
        'stages.0.1.conv.w',
        'stages.1.downsample.w',
        'stages.1.0.conv.w',
        'fc.w',
      ],
      [4, 3, 2, 2, 1, 0],
    ],
    [
      'a head of layers behind blocks',
      ['patch.w', 'blocks.0.w', 'blocks.1.w', 'blocks.2.w', 'head.layer1.w', 'head.layer2.w'],
      [4, 3, 2, 1, 0, 0],
    ],
  ])('follow the naming scheme of most parameters: %s', (_, names, falls) => {
    const factorOf = layerFactors(names, 0.5, { option: 'decay' });
    expect(names.map((name) => Math.log2(1 / factorOf(name)))).toEqual(falls);
  });

  it('follow the naming scheme that matches more parameters', () => {
    const names = ['features.0.weight', 'block1.blocks.0.weight', 'block2.weight', 'fc.weight'];
    const factorOf = layerFactors(names, 0.5, { option: 'decay' });
    expect(names.map(factorOf)).toEqual([0.125, 0.25, 0.5, 1]);
  });

  it('must exist, and the error says how to name them', () => {
    const names = ['features.stage1.weight', 'features.stage2.weight', 'fc.weight'];
    expect(() => layerFactors(names, 0.5, { option: 'decay' })).toThrow(
      expect.objectContaining({
        code: 'ERR_NO_MATCH',
        message: expect.stringMatching(
          /^decay: the network has no blocks.*name its modules block1, block2, /,
        ),
      }),
    );
    expect(names.map(layerFactors(names, 1, { option: 'decay' }))).toEqual([1, 1, 1]);
  });
});
