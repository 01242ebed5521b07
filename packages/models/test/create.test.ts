import { compile, cpu, type Graph } from '@inplace-abn/core';
import { ABN, type NormAct } from '@inplace-abn/nn';
import { describe, expect, it } from 'vitest';
import { type AnyNetworkOptions, takesOption } from '../src/index.js';
import { network, outputShapes, stateShapes } from './support/networks.js';
import { gradientStep } from './support/training-step.js';

/** Output shape of a network without classifier for an image of `side` pixels. */
function featureShape(arch: string, side: number, options: Partial<AnyNetworkOptions> = {}) {
  return Object.values(outputShapes(network(arch, { classes: 0, ...options }), side)).at(-1);
}

/** Paths of convolutions with this dilation, without block and layer numbers. */
function dilatedBy(graph: Graph, dilation: number): string[] {
  const found = graph.nodes.filter(
    ({ op, attrs }) => op.name === 'conv2d' && `${attrs.dilation}` === `${dilation},${dilation}`,
  );
  return [...new Set(found.map(({ path }) => path.replace(/(block|convs3\.)\d+/, '$1*')))];
}

describe('createNetwork', () => {
  it('lists the known names for an unknown one', () => {
    expect(() => network('resnet19')).toThrow(
      'unknown architecture resnet19: expected one of resnet18, resnet34, resnet50, resnet101, resnet152, resnext50',
    );
  });

  it.each([
    ['resnet18', 'input3x3', true, 'normAct, classes, width, stem, dilation'],
    ['resnext50', 'dropout', [0, 0], 'groups, baseChannels, input3x3, dilation'],
    ['wider_resnet38', 'dilation', 2, 'normAct, classes, width, stem'],
    ['wider_resnet38_a2', 'groups', 2, 'dilation, dropout'],
    ['densenet121', 'groups', 2, 'growth, theta, input3x3, dilation'],
  ])('%s rejects the option %s', (arch, option, value, takes) => {
    expect(() => network(arch, { [option]: value })).toThrow(`${arch} takes no option ${option}: it has `);
    expect(() => network(arch, { [option]: value })).toThrow(takes);
    expect(takesOption(arch, option as keyof AnyNetworkOptions)).toBe(false);
  });

  it('treats an undefined option as missing', () => {
    expect(stateShapes(network('wider_resnet16', { groups: undefined })).size).toBeGreaterThan(0);
  });

  it.each([
    ['resnet18', [1, 2]],
    ['resnet18', [1, 1, 1, 0]],
    ['resnet18', true],
    ['resnext50', 1.5],
    ['resnext50', [1, 1, [2, 2], 1]],
    ['densenet121', [1, 1, 2]],
    ['wider_resnet16_a2', 2],
  ])('%s rejects the dilation %j', (arch, dilation) => {
    expect(() => network(arch, { dilation } as AnyNetworkOptions)).toThrow('dilation: expected ');
  });

  it.each([
    ['classes', { classes: -1 }, 'classes: expected an integer of at least 0 but received -1'],
    ['theta', { theta: 0 }, 'theta: expected a fraction in (0, 1] but received 0'],
  ])('rejects invalid %s', (_, options, message) => {
    expect(() => network('densenet121', options)).toThrow(message);
  });

  it('names the layer for which an image is too small', () => {
    expect(() => gradientStep(network('resnet18'), [1, 3, 32, 32])).toThrow(
      /^mod5\.block1\.convs\.bn1: one sample per channel/,
    );
  });
});

describe('reduction', () => {
  it.each([
    ['resnet18', 512],
    ['resnet50', 2048],
    ['resnext50', 2048],
    ['wider_resnet16', 4096],
    ['wider_resnet16_a2', 4096],
    ['densenet121', 1024],
  ])('%s reduces by 32, by 8 with the stem for small images', (arch, channels) => {
    expect(featureShape(arch, 64)).toEqual([1, channels, 2, 2]);
    expect(featureShape(arch, 64, { stem: 'small' })).toEqual([1, channels, 8, 8]);
  });

  it.each([
    ['resnet50', [1, 1, 2, 4], 8],
    // A dilated first module does not pool either.
    ['resnet50', 2, 32],
    ['resnext50', [1, 1, 2, 4], 8],
    ['resnext50', 2, 16],
    ['resnext50', [1, 1, 1, [1, 2, 4]], 4],
    ['densenet121', [1, 1, 2, 4], 8],
    ['densenet121', 2, 16],
    ['wider_resnet16_a2', true, 8],
  ] as const)('%s reduces less if dilated by %j', (arch, dilation, side) => {
    const shape = featureShape(arch, 64, { dilation });
    expect(shape?.slice(2)).toEqual([side, side]);
  });

  it('dilates the 3×3 convolutions of a module without renaming them', () => {
    const cases = [
      ['resnet50', [1, 1, 2, 4], ['mod4.block*.convs.conv2'], ['mod5.block*.convs.conv2']],
      ['resnext50', [1, 1, 2, 4], ['mod4.block*.convs.conv2'], ['mod5.block*.convs.conv2']],
      ['densenet121', [1, 1, 2, 4], ['mod4.convs3.*.conv'], ['mod5.convs3.*.conv']],
      [
        'wider_resnet16_a2',
        true,
        ['mod5.block*.convs.conv1', 'mod5.block*.convs.conv2'],
        ['mod6.block*.convs.conv2', 'mod7.block*.convs.conv2'],
      ],
    ] as const;
    for (const [arch, dilation, by2, by4] of cases) {
      const dilated = network(arch, {
        dilation,
        width: 1 / 8,
        ...(arch.endsWith('a2') ? { dropout: [0, 0] } : {}),
      });
      expect(stateShapes(dilated)).toEqual(stateShapes(network(arch, { width: 1 / 8 })));
      const graph = gradientStep(dilated, [1, 3, 64, 64]);
      expect([dilatedBy(graph, 2), dilatedBy(graph, 4)]).toEqual([by2, by4]);
    }
  });

  it('gives each block its own dilation from a list', () => {
    const dilated = network('resnext50', { dilation: [1, 1, 1, [1, 2, 4]], width: 1 / 8 });
    const graph = gradientStep(dilated, [1, 3, 64, 64]);
    const found = graph.nodes.filter(({ path, phase }) => /^mod5.*conv2$/.test(path) && phase === 'forward');
    expect(found.map(({ attrs }) => attrs.dilation)).toEqual([
      [1, 1],
      [2, 2],
      [4, 4],
    ]);
  });
});

describe('options', () => {
  it('width scales every channel count', () => {
    const shapes = stateShapes(network('resnet50', { width: 0.25 }));
    expect(shapes.get('mod1.conv1.weight')).toEqual([16, 3, 7, 7]);
    expect(shapes.get('mod5.block3.convs.conv3.weight')).toEqual([512, 128, 1, 1]);
    expect(shapes.get('classifier.fc.weight')).toEqual([1000, 512]);
  });

  it('width scales the groups of a ResNeXt, so that a group keeps its channels', () => {
    const shapes = stateShapes(network('resnext50', { width: 0.1 }));
    // 64 and 128 times 0.1, groups 6: the channels are the multiple of 6 nearest to 12.8.
    expect(shapes.get('mod2.block1.convs.conv2.weight')).toEqual([12, 2, 3, 3]);
    expect(shapes.get('mod5.block1.convs.conv2.weight')).toEqual([102, 17, 3, 3]);
  });

  it('width scales the growth of a DenseNet', () => {
    const shapes = stateShapes(network('densenet121', { width: 0.25, theta: 0.25 }));
    expect(shapes.get('mod2.convs3.0.conv.weight')).toEqual([8, 32, 3, 3]);
    // (2 · 8 + 6 · 8) · 0.25
    expect(shapes.get('tra2.conv.weight')).toEqual([16, 64, 1, 1]);
  });

  it('groups, baseChannels and growth have an effect', () => {
    const resnext = stateShapes(network('resnext50', { groups: 32, baseChannels: [64, 64, 128] }));
    expect(resnext.get('mod3.block1.convs.conv2.weight')).toEqual([128, 4, 3, 3]);
    const densenet = stateShapes(network('densenet121', { growth: 12 }));
    expect(densenet.get('mod2.convs1.1.conv.weight')).toEqual([48, 36, 1, 1]);
  });

  it.each(['resnext50', 'densenet121'])('the small stem of %s has no strides, with input3x3 too', (arch) => {
    const first = (input3x3: boolean) =>
      outputShapes(network(arch, { stem: 'small', input3x3, width: 0.25 }), 28).mod1;
    expect([first(false), first(true)]).toEqual([
      [1, 16, 28, 28],
      [1, 16, 28, 28],
    ]);
  });

  it('dropout of mod6 and mod7 of an A2 network precedes the last convolution', () => {
    const drawn = (dropout?: [number, number]) => {
      const net = network('wider_resnet16_a2', { width: 1 / 8, dropout });
      const graph = gradientStep(net, [2, 3, 32, 32], { random: true });
      const nodes = graph.nodes.filter(({ op, phase }) => op.name === 'dropout' && phase === 'forward');
      return nodes.map(({ path, attrs }) => [path, attrs.p, attrs.channelwise]);
    };
    expect(drawn()).toEqual([
      ['mod6.block1.convs.dropout', 0.3, true],
      ['mod7.block1.convs.dropout', 0.5, true],
    ]);
    expect(drawn([0, 0.2])).toEqual([['mod7.block1.convs.dropout', 0.2, true]]);
  });

  it.each(['resnet18', 'resnext50', 'wider_resnet16', 'densenet121'])(
    '%s accepts relu with ordinary ABN',
    (arch) => {
      const relu: NormAct = (channels, options = {}) => new ABN(channels, { activation: 'relu', ...options });
      const graph = gradientStep(network(arch, { normAct: relu, width: 1 / 8 }), [2, 3, 64, 64]);
      expect(compile(graph, cpu()).instructions.length).toBeGreaterThan(100);
      const sums = graph.nodes.filter(({ op, phase }) => op.name === 'add' && phase === 'forward');
      // Post-activation blocks end with the activation, pre-activation blocks with the plain sum.
      const expected = { resnet18: Array(8).fill('relu'), resnext50: Array(16).fill('identity') };
      if (arch in expected)
        expect(sums.map(({ attrs }) => attrs.activation)).toEqual(expected[arch as 'resnet18']);
    },
  );
});

describe('outputs', () => {
  it('lists the output of every module by name, in order', () => {
    expect(outputShapes(network('resnet18', { classes: 10 }), 64)).toEqual({
      mod1: [1, 64, 16, 16],
      mod2: [1, 64, 16, 16],
      mod3: [1, 128, 8, 8],
      mod4: [1, 256, 4, 4],
      mod5: [1, 512, 2, 2],
      classifier: [1, 10],
    });
    const names = (arch: string) => Object.keys(outputShapes(network(arch, { width: 1 / 8 }), 64)).join(' ');
    expect(names('resnext50')).toBe('mod1 mod2 mod3 mod4 mod5 bn_out classifier');
    expect(names('wider_resnet16')).toBe(
      'mod1 pool2 mod2 pool3 mod3 pool4 mod4 pool5 mod5 pool6 mod6 mod7 bn_out classifier',
    );
    expect(names('wider_resnet16_a2')).toBe(
      'mod1 pool2 mod2 pool3 mod3 mod4 mod5 mod6 mod7 bn_out classifier',
    );
    expect(names('densenet121')).toBe('mod1 mod2 tra2 mod3 tra3 mod4 tra4 mod5 bn_out classifier');
  });

  it('knows the channels of the last feature map', () => {
    expect(network('densenet121').featureChannels).toBe(1024);
    expect(network('wider_resnet38_a2', { width: 0.5 }).featureChannels).toBe(2048);
  });
});
