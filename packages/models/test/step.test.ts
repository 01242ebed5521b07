/**
 * A training step and an evaluation of each family in float32, compared with PyTorch in float64
 * (tools/oracle/make_steps.py).
 */
import { type CompileOptions, programOf, type TypedArray, trace } from '@inplace-abn/core';
import { EVALUATION, InPlaceABN } from '@inplace-abn/nn';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Digest, digestError } from '../../core/test/support/digest.js';
import { readJson } from '../../core/test/support/fixtures.js';
import { toStorage } from '../../core/test/support/layout.js';
import { normal } from '../../core/test/support/prng.js';
import { type AnyNetworkOptions, createNetwork, type Network } from '../src/index.js';
import { relativeDifference, startOf } from './support/start.js';
import { GRADIENT, gradientStep } from './support/training-step.js';

interface NetworkFixture extends Pick<AnyNetworkOptions, 'width' | 'stem' | 'dilation' | 'dropout'> {
  arch: string;
  classes: number;
  activation: 'leaky_relu';
  activation_param: number;
  input_3x3?: boolean;
}

interface Fixture {
  about: {
    network: NetworkFixture;
    images: { normal: string; shape: number[] };
    labels: number[];
  };
  /** Override the generated values. */
  biases: Record<string, [number, number][]>;
  loss: number;
  logits: number[][];
  /** Logits in evaluation mode, with the running statistics after the step. */
  evaluated: number[][];
  runningStats: Record<string, Digest>;
  gradients: Record<string, Digest>;
}

/** Relative error allowed for float32 in logits and in every gradient. */
const TOLERANCE = 1e-4;
/** TResNet's gradients pass 69 layers and the gates between them; PyTorch's own float32 deviates by 6e-5. */
const DEEP_TOLERANCE = 2e-4;

const CASES = [
  'resnet18',
  'resnet50',
  'resnext50',
  'wider_resnet16',
  'wider_resnet16_a2',
  'densenet121',
  'tresnet_m',
];
const fixtures = CASES.map((name) => ({
  name,
  ...readJson<Fixture>(new URL(`fixtures/${name}_step.json`, import.meta.url)),
}));

function networkOf({ about: { network } }: Fixture): Network {
  const { arch, classes, activation, activation_param, input_3x3, width, stem, dilation, dropout } = network;
  const normAct = (channels: number, options = {}) =>
    new InPlaceABN(channels, { activation, activationParam: activation_param, ...options });
  return createNetwork(arch, { normAct, classes, width, stem, dilation, dropout, input3x3: input_3x3 });
}

type StepRun = Awaited<ReturnType<typeof runStep>>;

async function runStep(fixture: Fixture, states: Record<string, TypedArray>, options: CompileOptions) {
  const { images, labels } = fixture.about;
  const step = programOf(gradientStep(networkOf(fixture), images.shape), { ...options, states });
  const { outputs } = await step.run({ x: imagesOf(fixture), labels: Int32Array.from(labels) });
  return { step, outputs };
}

function imagesOf({ about: { images } }: Fixture): Float32Array {
  return toStorage(images.shape, normal(images.normal, images.shape));
}

/** Logits in evaluation mode, with the states that the training step left. */
async function evaluate(fixture: Fixture, { step }: StepRun): Promise<ArrayLike<number>> {
  const { shape } = fixture.about.images;
  const graph = trace((tracer) => ({
    logits: networkOf(fixture)
      .call(tracer.input('x', shape, 'float32'), EVALUATION)
      .as('float32'),
  }));
  const states = Object.fromEntries(graph.states.map(({ name }) => [name, step.store.read(name).data]));
  const { outputs } = await programOf(graph, { states }).run({ x: imagesOf(fixture) });
  return outputs.logits;
}

describe.each(fixtures)('a training step of $name', (fixture) => {
  let start: Record<string, TypedArray>;
  let run: StepRun;
  beforeAll(async () => {
    start = startOf(networkOf(fixture), fixture.biases);
    run = await runStep(fixture, start, {});
  });

  it('has the loss and logits of PyTorch', () => {
    const { loss, logits } = run.outputs;
    expect(Math.abs((loss[0] ?? Number.NaN) / fixture.loss - 1)).toBeLessThan(TOLERANCE / 10);
    const expected = Float32Array.from(fixture.logits.flat());
    expect(relativeDifference(logits, expected)).toBeLessThan(TOLERANCE);
  });

  it('leaves a network that evaluates to the logits of PyTorch', async () => {
    const expected = Float32Array.from(fixture.evaluated.flat());
    expect(relativeDifference(await evaluate(fixture, run), expected)).toBeLessThan(TOLERANCE);
  });

  it('has the running statistics and gradients of PyTorch', () => {
    const errors = new Map<string, number>();
    for (const [name, digest] of Object.entries(fixture.runningStats)) {
      errors.set(name, digestError(name, run.step.store.read(name, 'float32').data, digest));
    }
    for (const [name, digest] of Object.entries(fixture.gradients)) {
      errors.set(name, digestError(name, run.outputs[`${GRADIENT}${name}`] ?? [], digest));
    }
    const states = networkOf(fixture).namedStates();
    const expected = states.filter(({ dtype }) => dtype === 'float32').map(({ name }) => name);
    expect([...errors.keys()].sort()).toEqual(expected.sort());
    const tolerance = fixture.name === 'tresnet_m' ? DEEP_TOLERANCE : TOLERANCE;
    expect([...errors].filter(([, error]) => !(error < tolerance))).toEqual([]);
  });

  it('is the same without recomputation or in-place ops', async () => {
    const large = await runStep(fixture, start, { rebuild: false, inPlace: false });
    expect(run.step.plan.arenaBytes).toBeLessThan(large.step.plan.arenaBytes);
    expect(Object.keys(run.outputs)).toEqual(Object.keys(large.outputs));
    for (const [name, values] of Object.entries(run.outputs)) {
      expect(relativeDifference(values, large.outputs[name] ?? []), name).toBeLessThan(TOLERANCE);
    }
    // The forward pass computes the same sums either way.
    expect(run.outputs.logits).toEqual(large.outputs.logits);
    for (const { name, kind } of run.step.store.specs) {
      if (kind === 'buffer')
        expect(run.step.store.read(name).data, name).toEqual(large.step.store.read(name).data);
    }
  });
});
