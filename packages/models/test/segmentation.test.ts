/** Segmentation networks in float32, compared with PyTorch in float64 (tools/oracle/make_segmentation.py). */
import { type CompileOptions, type Pair, programOf, type TypedArray, trace } from '@inplace-abn/core';
import { EVALUATION, InPlaceABN } from '@inplace-abn/nn';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Digest, digestError } from '../../core/test/support/digest.js';
import { readJson } from '../../core/test/support/fixtures.js';
import { toStorage } from '../../core/test/support/layout.js';
import { integers, normal } from '../../core/test/support/prng.js';
import {
  type AnyNetworkOptions,
  type DeepLabV3Options,
  type SegmentationNetwork,
  segmentationNetwork,
} from '../src/index.js';
import { normAct, outputShapes, stateShapes } from './support/networks.js';
import { type Biases, relativeDifference, startOf } from './support/start.js';
import { GRADIENT, segmentationStep } from './support/training-step.js';

interface Fixture {
  about: {
    network: Pick<AnyNetworkOptions, 'width' | 'stem' | 'dilation' | 'dropout'> & {
      arch: string;
      classes: number;
      activation: 'leaky_relu';
      activation_param: number;
    };
    head: { hidden: number; out: number; dilations: number[] };
    images: { normal: string; shape: number[] };
    labels: { integers: string; shape: number[]; bound: number; square: number; ignored: number };
    evaluation: { normal: string; shape: number[] };
  };
  biases: Biases;
  loss: number;
  logits: Digest;
  runningStats: Record<string, Digest>;
  gradients: Record<string, Digest>;
  evaluations: { poolingSize: Pair | null; shape: number[]; logits: number[] }[];
}

/** Relative error allowed for float32. */
const TOLERANCE = 1e-4;

const fixtures = ['wider_resnet16_a2', 'resnet18'].map((name) => ({
  name,
  ...readJson<Fixture>(new URL(`fixtures/${name}_segmentation.json`, import.meta.url)),
}));

function networkOf({ about }: Fixture, poolingSize?: DeepLabV3Options['poolingSize']): SegmentationNetwork {
  const { arch, classes, activation, activation_param, ...rest } = about.network;
  const { width, stem, dilation, dropout } = rest;
  const { hidden, out, dilations } = about.head;
  return segmentationNetwork({
    arch,
    classes,
    normAct: (channels, options = {}) =>
      new InPlaceABN(channels, { activation, activationParam: activation_param, ...options }),
    body: { width, stem, dilation, dropout },
    head: { channels: out, hidden, dilations, ...(poolingSize === undefined ? {} : { poolingSize }) },
  });
}

function labelsOf({ about: { images, labels } }: Fixture): Int32Array {
  const [count = 0, , height = 0, width = 0] = images.shape;
  const [, rows = 0, columns = 0] = labels.shape;
  const drawn = integers(labels.integers, labels.shape, labels.bound);
  return Int32Array.from({ length: count * height * width }, (_, i) => {
    const [n, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
    const square = (side: number) => Math.floor(side / labels.square);
    const label = drawn[(n * rows + square(y)) * columns + square(x)] ?? 0;
    return label === labels.bound - 1 ? labels.ignored : label;
  });
}

function imagesOf({ normal: name, shape }: { normal: string; shape: number[] }): Float32Array {
  return toStorage(shape, normal(name, shape));
}

/** Converts channels-last storage to row-major N×C×H×W. */
function toLogical(shape: readonly number[], stored: ArrayLike<number>): Float32Array {
  const [, channels = 0, height = 0, width = 0] = shape;
  const area = height * width;
  return Float32Array.from({ length: stored.length }, (_, i) => {
    const [n, c, at] = [Math.floor(i / (channels * area)), Math.floor(i / area) % channels, i % area];
    return stored[(n * area + at) * channels + c] ?? Number.NaN;
  });
}

describe.each(fixtures)('a training step of $name with DeepLabV3', (fixture) => {
  let start: Record<string, TypedArray>;
  let step: Awaited<ReturnType<typeof run>>['step'];
  let outputs: Awaited<ReturnType<typeof run>>['outputs'];
  const run = async (options: CompileOptions) => {
    const graph = segmentationStep(networkOf(fixture), fixture.about.images.shape);
    const made = programOf(graph, { ...options, states: start });
    const inputs = { x: imagesOf(fixture.about.images), labels: labelsOf(fixture) };
    return { step: made, outputs: (await made.run(inputs)).outputs };
  };
  beforeAll(async () => {
    start = startOf(networkOf(fixture), fixture.biases);
    ({ step, outputs } = await run({}));
  });

  it('has the loss and logits of PyTorch', () => {
    expect(Math.abs((outputs.loss[0] ?? Number.NaN) / fixture.loss - 1)).toBeLessThan(TOLERANCE / 10);
    const id = step.plan.graph.outputs.get('logits') ?? -1;
    const shape = step.plan.graph.values.get(id)?.shape ?? [];
    expect(digestError('logits', toLogical(shape, outputs.logits), fixture.logits)).toBeLessThan(TOLERANCE);
  });

  it('has the running statistics and gradients of PyTorch', () => {
    const errors = new Map<string, number>();
    for (const [name, digest] of Object.entries(fixture.runningStats)) {
      errors.set(name, digestError(name, step.store.read(name, 'float32').data, digest));
    }
    for (const [name, digest] of Object.entries(fixture.gradients)) {
      errors.set(name, digestError(name, outputs[`${GRADIENT}${name}`] ?? [], digest));
    }
    const states = networkOf(fixture).namedStates();
    const expected = states.filter(({ dtype }) => dtype === 'float32').map(({ name }) => name);
    expect([...errors.keys()].sort()).toEqual(expected.sort());
    expect([...errors].filter(([, error]) => !(error < TOLERANCE))).toEqual([]);
  });

  it.each(fixture.evaluations)(
    'evaluates like PyTorch with pooling windows of $poolingSize',
    async (expected) => {
      const { evaluation } = fixture.about;
      const graph = trace((tracer) => ({
        logits: networkOf(fixture, expected.poolingSize)
          .call(tracer.input('x', evaluation.shape, 'float32'), EVALUATION)
          .as('float32'),
      }));
      const states = Object.fromEntries(graph.states.map(({ name }) => [name, step.store.read(name).data]));
      for (const options of [{}, { keepConstants: false, fold: false }]) {
        const { outputs: evaluated } = await programOf(graph, { ...options, states }).run({
          x: imagesOf(evaluation),
        });
        const error = relativeDifference(toLogical(expected.shape, evaluated.logits), expected.logits);
        expect(error).toBeLessThan(TOLERANCE);
      }
    },
  );

  it('is the same without recomputation or in-place ops', async () => {
    const large = await run({ rebuild: false, inPlace: false });
    expect(step.plan.arenaBytes).toBeLessThan(large.step.plan.arenaBytes);
    for (const [name, values] of Object.entries(outputs)) {
      expect(relativeDifference(values, large.outputs[name] ?? []), name).toBeLessThan(TOLERANCE);
    }
  });
});

describe('segmentationNetwork', () => {
  it('names its parts like the published snapshot', () => {
    const shapes = stateShapes(segmentationNetwork({ arch: 'wider_resnet38_a2', classes: 65, normAct }));
    const parameters = [...shapes.keys()].filter((name) => /^(head|cls)\.(.*\.)?(weight|bias)$/.test(name));
    expect(parameters).toEqual([
      'head.map_convs.0.weight',
      'head.map_convs.1.weight',
      'head.map_convs.2.weight',
      'head.map_convs.3.weight',
      'head.map_bn.weight',
      'head.map_bn.bias',
      'head.global_pooling_conv.weight',
      'head.global_pooling_bn.weight',
      'head.global_pooling_bn.bias',
      'head.red_conv.weight',
      'head.pool_red_conv.weight',
      'head.red_bn.weight',
      'head.red_bn.bias',
      'cls.weight',
      'cls.bias',
    ]);
    expect(shapes.get('head.map_convs.3.weight')).toEqual([256, 4096, 3, 3]);
    expect(shapes.get('head.map_bn.weight')).toEqual([1024]);
    expect(shapes.get('cls.weight')).toEqual([65, 256, 1, 1]);
    expect(shapes.has('body.mod7.block1.convs.conv3.weight')).toBe(true);
    expect([...shapes.keys()].some((name) => name.includes('classifier'))).toBe(false);
  });

  it.each([
    ['resnet18', 8, {}],
    ['resnet50', 16, {}],
    ['resnext50', 8, {}],
    ['densenet121', 16, {}],
    ['wider_resnet16', 32, {}],
    ['wider_resnet16_a2', 8, {}],
    ['resnet18', 4, { stem: 'small' as const }],
  ])('gives %s an output stride of %i', (arch, outputStride, body) => {
    const net = segmentationNetwork({
      arch,
      classes: 3,
      normAct,
      outputStride,
      body: { width: 0.25, ...body },
    });
    const features = Object.values(outputShapes(net.body, 64)).at(-1);
    expect(features?.slice(2)).toEqual([64 / outputStride, 64 / outputStride]);
  });

  it.each([
    [
      'wider_resnet38',
      8,
      'wider_resnet38 cannot have an output stride of 8: it has 32 with the stem imagenet',
    ],
    ['wider_resnet38_a2', 16, 'it has 32, 8 with the stem imagenet'],
    ['resnet19', 8, 'unknown architecture resnet19'],
  ])('rejects %s with an output stride of %i', (arch, outputStride, message) => {
    expect(() => segmentationNetwork({ arch, classes: 3, normAct, outputStride })).toThrow(message);
  });

  it('needs at least one class', () => {
    expect(() => segmentationNetwork({ arch: 'resnet18', classes: 0, normAct })).toThrow('classes: expected');
  });
});
