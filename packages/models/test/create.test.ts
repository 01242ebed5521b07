import { compile, cpu, type Shape, trace } from '@inplace-abn/core';
import { ABN, EVALUATION, InPlaceABN, type Module, type NormAct } from '@inplace-abn/nn';
import { describe, expect, it } from 'vitest';
import { readJson } from '../../core/test/support/fixtures.js';
import { ARCHITECTURES, createNetwork, type NetworkOptions, ResidualBlock } from '../src/index.js';
import { gradientStep } from './support/training-step.js';

type Names = Record<string, Record<string, number[]>>;

const names = readJson<Names>(new URL('fixtures/names_shapes.json', import.meta.url));
const normAct: NormAct = (channels, options = {}) => new InPlaceABN(channels, options);

function network(arch: string, options: Partial<NetworkOptions> = {}): Module {
  return createNetwork(arch, { normAct, classes: 1000, ...options });
}

function stateShapes(module: Module): [string, Shape][] {
  return module.namedStates().map(({ name, shape }) => [name, shape]);
}

/** Shape of what a network without classifier makes of an image of `side` pixels. */
function featureShape(arch: string, side: number, options: Partial<NetworkOptions> = {}): Shape {
  let shape: Shape = [];
  trace((tracer) => {
    const x = tracer.input('x', [1, 3, side, side], 'float32');
    const y = network(arch, { classes: 0, ...options }).call(x, EVALUATION);
    shape = y.shape;
    return { y };
  });
  return shape;
}

describe('createNetwork', () => {
  it('knows the architectures of the stored tables', () => {
    expect([...ARCHITECTURES]).toEqual(Object.keys(names));
  });

  it.each(Object.entries(names))(
    '%s has the state dictionary of the reference, in its order',
    (arch, states) => {
      expect(stateShapes(network(arch))).toEqual(Object.entries(states));
    },
  );

  it('lists what it knows for an unknown name', () => {
    expect(() => network('resnet19')).toThrow(
      'unknown architecture resnet19: expected one of resnet18, resnet34, resnet50, resnet101, resnet152',
    );
  });

  it.each([
    ['resnet18', 512],
    ['resnet50', 2048],
  ])('%s strides by 32, and not where it is dilated', (arch, channels) => {
    expect(featureShape(arch, 64)).toEqual([1, channels, 2, 2]);
    expect(featureShape(arch, 64, { dilation: [1, 1, 2, 4] })).toEqual([1, channels, 8, 8]);
    // No pooling either where the first module is dilated.
    expect(featureShape(arch, 64, { dilation: 2 })).toEqual([1, channels, 32, 32]);
  });

  it('gives 3×3 convolutions the dilation of their module, of the same names', () => {
    const dilated = network('resnet50', { dilation: [1, 1, 2, 4] });
    expect(stateShapes(dilated)).toEqual(stateShapes(network('resnet50')));
    const graph = gradientStep(dilated, [1, 3, 64, 64]);
    const convolutions = graph.nodes.filter(
      ({ op, attrs }) => op === 'conv2d' && `${attrs.dilation}` !== '1,1',
    );
    const paths = [...new Set(convolutions.map(({ path }) => path.replace(/\.block\d+\./, '.*.')))];
    expect(paths).toEqual(['mod4.*.convs.conv2', 'mod5.*.convs.conv2']);
  });

  it.each([[[1, 2]], [[1, 1, 1, 0]], [1.5]])('refuses the dilation %j', (dilation) => {
    expect(() => network('resnet18', { dilation })).toThrow('expected one or four dilations of at least 1');
  });

  it('scales every channel count by the width', () => {
    const shapes = new Map(stateShapes(network('resnet50', { width: 0.25 })));
    expect(shapes.get('mod1.conv1.weight')).toEqual([16, 3, 7, 7]);
    expect(shapes.get('mod5.block3.convs.conv3.weight')).toEqual([512, 128, 1, 1]);
    expect(shapes.get('classifier.fc.weight')).toEqual([1000, 512]);
  });

  it('has a stem for small images', () => {
    expect(new Map(stateShapes(network('resnet18', { stem: 'small' }))).get('mod1.conv1.weight')).toEqual([
      64, 3, 3, 3,
    ]);
    expect(featureShape('resnet18', 32, { stem: 'small' })).toEqual([1, 512, 4, 4]);
  });

  it('takes relu with ordinary batch norm', () => {
    const relu: NormAct = (channels, options = {}) => new ABN(channels, { activation: 'relu', ...options });
    const graph = gradientStep(network('resnet18', { normAct: relu, width: 0.1 }), [2, 3, 64, 64]);
    expect(compile(graph, cpu()).instructions.length).toBeGreaterThan(100);
    const sums = graph.nodes.filter(({ op, phase }) => op === 'add' && phase === 'forward');
    expect(sums.map(({ attrs }) => attrs.activation)).toEqual(Array(8).fill('relu'));
  });

  it('names the layer that an image is too small for', () => {
    expect(() => gradientStep(network('resnet18'), [1, 3, 32, 32])).toThrow(
      /^mod5\.block1\.convs\.bn1: one sample per channel/,
    );
  });
});

describe('ResidualBlock', () => {
  it('projects its shortcut where stride or channels change', () => {
    const projected = (inChannels: number, stride: number) =>
      new ResidualBlock(inChannels, [4, 4], { stride, normAct })
        .namedStates()
        .some(({ name }) => name.startsWith('proj_conv'));
    expect([projected(4, 1), projected(4, 2), projected(3, 1)]).toEqual([false, true, true]);
  });

  it('has groups in the 3×3 convolution of a bottleneck', () => {
    const block = new ResidualBlock(16, [8, 8, 16], { groups: 4, normAct });
    expect(new Map(stateShapes(block)).get('convs.conv2.weight')).toEqual([8, 2, 3, 3]);
  });

  it('has two or three convolutions', () => {
    expect(() => new ResidualBlock(4, [4], { normAct })).toThrow('two or three convolutions');
  });
});
