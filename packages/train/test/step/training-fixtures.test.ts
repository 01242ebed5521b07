/** Twelve training steps on the native device, in float32, against PyTorch's float64 (tools/oracle/make_training.py). */
import { describe, expect, it } from 'vitest';
import { type Digest, digestError } from '../../../core/test/support/digest.js';
import { readJson } from '../../../core/test/support/fixtures.js';
import { bytes, parameter } from '../../../core/test/support/prng.js';
import { Step } from '../../../core/test/support/step.js';
import { networkOf, resolveConfig, type TrainConfig, trainingStep } from '../../src/index.js';

interface Variant {
  network: object;
  optimizer: object;
  losses: number[];
  /** Largest relative errors of several float32 runs of PyTorch: what rounding alone does. */
  float32ErrorsOfPyTorch: { losses: number[]; state: number };
  state: Record<string, Digest>;
}

interface About {
  network: object;
  images: { shape: [number, number, number, number]; batches: number };
  labels: number[][];
  mean: number[];
  std: number[];
}

const { about, ...variants } = readJson<{ about: About } & Record<string, Variant>>(
  new URL('../fixtures/training.json', import.meta.url),
);
const [BATCH, SIDE] = about.images.shape;

/** Our float32 sums in other orders than PyTorch's: as far from the truth as its runs, give or take this factor. */
const SLACK = 10;
const ROUNDING = 3e-7;

function configOf({ network, optimizer }: Variant): TrainConfig {
  return resolveConfig({ network: { ...about.network, ...network }, optimizer }, 'training.json');
}

function startingStep(config: TrainConfig): Step {
  const network = networkOf(config.network);
  const step = new Step(trainingStep(network, config.optimizer, { batch: BATCH, crop: SIDE }));
  for (const { name, shape, kind, role } of network.namedStates()) {
    if (kind === 'parameter') step.load({ [name]: parameter(name, shape) });
    else if (role === 'one') step.load({ [name]: new Float32Array(shape[0] ?? 0).fill(1) });
  }
  return step;
}

/** (rgb − mean) / std as one 3×4 matrix an image. */
function colors(): Float32Array {
  const matrix = about.mean.flatMap((mean, c) => {
    const std = about.std[c] ?? Number.NaN;
    return [0, 1, 2].map((k) => (k === c ? 1 / std : 0)).concat(-mean / std);
  });
  return Float32Array.from(Array.from({ length: BATCH }, () => matrix).flat());
}

describe('training follows PyTorch', () => {
  it.each(Object.entries(variants))('%s', { timeout: 60_000 }, async (_name, variant: Variant) => {
    const config = configOf(variant);
    const step = startingStep(config);
    const lr = Float32Array.of(config.optimizer.learning_rate);
    for (const [index, expected] of variant.losses.entries()) {
      const batch = index % about.images.batches;
      const { loss } = await step.run({
        images: bytes(`images:${batch}`, about.images.shape),
        color: colors(),
        labels: Int32Array.from(about.labels[batch] ?? []),
        lr,
        lr_classifier: lr,
        step: Float32Array.of(index + 1),
        seed: Int32Array.of(0),
      });
      const error = Math.abs(Number(loss?.[0]) / expected - 1);
      const bound = variant.float32ErrorsOfPyTorch.losses[index] ?? 0;
      expect(error, `loss of step ${index + 1}`).toBeLessThan(SLACK * bound + ROUNDING);
    }
    const errors = Object.entries(variant.state).map(([name, digest]): [string, number] => [
      name,
      digestError(name, step.read(name) as Float32Array, digest),
    ]);
    expect(errors.length).toBe(
      step.store.specs.filter(({ kind, dtype }) => kind !== 'optimizer' && dtype === 'float32').length,
    );
    const limit = SLACK * variant.float32ErrorsOfPyTorch.state + ROUNDING;
    expect(errors.filter(([, error]) => !(error < limit))).toEqual([]);
  });
});
