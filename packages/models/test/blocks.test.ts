import { trace } from '@inplace-abn/core';
import { EVALUATION } from '@inplace-abn/nn';
import { describe, expect, it } from 'vitest';
import { DenseModule, IdentityBlock, ResidualBlock } from '../src/index.js';
import { normAct, stateShapes } from './support/networks.js';

describe.each([
  { name: 'ResidualBlock', Block: ResidualBlock },
  { name: 'IdentityBlock', Block: IdentityBlock },
])('$name', ({ Block }) => {
  it('projects its shortcut if stride or channels change', () => {
    const projected = (inChannels: number, stride: number) =>
      stateShapes(new Block(inChannels, [4, 4], { stride, normAct })).has('proj_conv.weight');
    expect([projected(4, 1), projected(4, 2), projected(3, 1)]).toEqual([false, true, true]);
  });

  it('has groups only in the 3×3 convolution of a bottleneck', () => {
    const block = new Block(16, [8, 8, 16], { groups: 4, normAct });
    expect(stateShapes(block).get('convs.conv2.weight')).toEqual([8, 2, 3, 3]);
    expect(() => new Block(16, [8, 16], { groups: 4, normAct })).toThrow('groups require a bottleneck');
  });

  it('has two or three convolutions', () => {
    expect(() => new Block(4, [4], { normAct })).toThrow('two or three convolutions');
  });

  it.each([[[4, 4]], [[4, 4, 8]]])('has dropout before the last of %j', (channels) => {
    const names = new Block(4, channels, { dropout: 0.5, normAct }).convs.children().map(([name]) => name);
    const last = `conv${channels.length}`;
    expect(names[names.indexOf(last) - 1]).toBe('dropout');
  });
});

describe('IdentityBlock', () => {
  it('strides in its first convolution and projects the output of bn1', () => {
    const graph = trace((tracer) => {
      const x = tracer.input('x', [1, 4, 8, 8], 'float32');
      return { y: new IdentityBlock(4, [4, 4, 8], { stride: 2, normAct }).call(x, EVALUATION) };
    });
    const named = (path: string) => graph.nodes.find((node) => node.path === path);
    expect(named('convs.conv1')?.attrs.stride).toEqual([2, 2]);
    expect(named('proj_conv')?.inputs[0]).toBe(named('bn1')?.outputs[0]);
  });
});

describe('DenseModule', () => {
  it('concatenates each layer to everything before it, in a chain', () => {
    const graph = trace((tracer) => {
      const x = tracer.input('x', [1, 4, 8, 8], 'float32');
      return { y: new DenseModule(4, { growth: 2, layers: 3, normAct }).call(x, EVALUATION) };
    });
    const joins = graph.nodes.filter(({ op }) => op.name === 'concat');
    expect(joins.map(({ inputs }) => inputs[0])).toEqual([
      graph.inputs.get('x'),
      ...joins.slice(0, -1).map(({ outputs }) => outputs[0]),
    ]);
    const shapes = joins.map(({ outputs }) => graph.values.get(outputs[0] ?? -1)?.shape[1]);
    expect(shapes).toEqual([6, 8, 10]);
  });
});
