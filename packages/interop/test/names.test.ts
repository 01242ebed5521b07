/** The names of other libraries for networks that they share with this project. */
import { createNetwork } from '@inplace-abn/models';
import { describe, expect, it } from 'vitest';
import { type Library, namedAs, namesIn, ownNames } from '../src/index.js';
import { LEAKY } from './support/networks.js';

const networkOf = (arch: string, options = {}) =>
  createNetwork(arch, { normAct: LEAKY.standard, classes: 10, width: 1 / 16, ...options });

/** One example of each kind of name. */
const KNOWN: Readonly<Record<string, readonly [Library, Readonly<Record<string, string>>]>> = {
  resnet18: [
    'torchvision',
    {
      'mod1.conv1.weight': 'conv1.weight',
      'mod1.bn1.running_mean': 'bn1.running_mean',
      'mod2.block1.convs.conv1.weight': 'layer1.0.conv1.weight',
      'mod5.block2.convs.bn2.num_batches_tracked': 'layer4.1.bn2.num_batches_tracked',
      'mod3.block1.proj_conv.weight': 'layer2.0.downsample.0.weight',
      'mod3.block1.proj_bn.bias': 'layer2.0.downsample.1.bias',
      'classifier.fc.weight': 'fc.weight',
    },
  ],
  resnext50_32x4d: ['timm', { 'mod4.block6.convs.conv3.weight': 'layer3.5.conv3.weight' }],
  tv_densenet121: [
    'torchvision',
    {
      'mod1.conv1.weight': 'features.conv0.weight',
      'mod1.bn1.weight': 'features.norm0.weight',
      'mod2.convs1.0.bn.weight': 'features.denseblock1.denselayer1.norm1.weight',
      'mod5.convs3.15.conv.weight': 'features.denseblock4.denselayer16.conv2.weight',
      'tra2.bn.weight': 'features.transition1.norm.weight',
      'tra4.conv.weight': 'features.transition3.conv.weight',
      'bn_out.bias': 'features.norm5.bias',
      'classifier.fc.bias': 'classifier.bias',
    },
  ],
  tresnet_m: [
    'timm',
    {
      'body.conv1.1.weight': 'body.conv1.bn.weight',
      'body.layer1.0.conv1.0.weight': 'body.layer1.0.conv1.conv.weight',
      'body.layer2.0.conv1.0.0.weight': 'body.layer2.0.conv1.conv.weight',
      'body.layer2.0.conv1.0.1.running_var': 'body.layer2.0.conv1.bn.running_var',
      'body.layer3.0.downsample.1.0.weight': 'body.layer3.0.downsample.1.conv.weight',
      'body.layer4.0.downsample.1.1.weight': 'body.layer4.0.downsample.1.bn.weight',
      'body.layer3.10.se.fc2.bias': 'body.layer3.10.se.fc2.bias',
      'head.fc.weight': 'head.fc.weight',
    },
  ],
};

describe('names', () => {
  it.each(Object.entries(KNOWN))(
    'of %s convert to those of its library and back',
    (arch, [library, known]) => {
      const network = networkOf(arch);
      const names = namesIn(library, network);
      expect(names.size).toBe(network.namedStates().length);
      expect(new Set(names.values()).size).toBe(names.size);
      for (const [ours, theirs] of Object.entries(known)) expect(names.get(ours)).toBe(theirs);
      const tensors = new Map(network.namedStates().map((state) => [state.name, state]));
      const foreign = namedAs(library, network, tensors);
      expect([...ownNames(network, foreign).tensors]).toEqual([...tensors]);
      expect(ownNames(network, tensors)).toEqual({ tensors, library: 'upstream', prefix: '' });
      const wrapped = new Map([...foreign].map(([name, value]) => [`net.backbone.${name}`, value]));
      const own = ownNames(network, wrapped);
      expect([own.prefix, ...own.tensors]).toEqual(['net.backbone.', ...tensors]);
    },
  );

  it('of old torchvision files can be read', () => {
    const network = networkOf('tv_densenet121');
    const names = [...namesIn('torchvision', network)].map(([ours, theirs]): [string, string] => {
      return [theirs.replace(/(denselayer\d+\.(?:norm|conv))([12])/, '$1.$2'), ours];
    });
    expect(names.map(([name]) => name)).toContain('features.denseblock1.denselayer1.norm.1.weight');
    for (const [name, ours] of ownNames(network, new Map(names)).tensors) expect(name).toBe(ours);
  });

  it.each([
    ['torchvision', 'resnext50', {}],
    ['torchvision', 'wider_resnet16', {}],
    ['torchvision', 'densenet121', {}],
    ['torchvision', 'resnet18', { stem: 'small' }],
    ['torchvision', 'tresnet_m', {}],
  ] as const)('of %s do not exist for %s', (library, arch, options) => {
    expect(() => namesIn(library, networkOf(arch, options))).toThrow(`${library} has no such network`);
  });
});
