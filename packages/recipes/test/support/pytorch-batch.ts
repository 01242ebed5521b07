/** fixtures/training.json (tools/oracle/make_training.py), and the batches of its runs. */
import type { Batch } from '@inplace-abn/data';
import type { Digest } from '../../../core/test/support/digest.js';
import { readJson } from '../../../core/test/support/fixtures.js';
import { bytes } from '../../../core/test/support/prng.js';

export interface Variant {
  network: object;
  optimizer: object;
  losses: number[];
  /** Largest relative errors, from rounding alone, of several float32 runs of PyTorch. */
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

export const fixtures = readJson<{ about: About } & Record<string, Variant>>(
  new URL('../fixtures/training.json', import.meta.url),
);

const { images, labels, mean, std } = fixtures.about;

export const SHAPE = { batch: images.shape[0], crop: images.shape[1] };

/** The batch of a step; steps count from 0. */
export function pytorchBatch(step: number): Batch {
  const number = step % images.batches;
  return {
    images: bytes(`images:${number}`, images.shape),
    color: colors(),
    targets: null,
    labeled: null,
    labels: Int32Array.from(labels[number] ?? []),
    indices: new Int32Array(SHAPE.batch),
    size: SHAPE.batch,
    number,
    release: () => {},
  };
}

/** (rgb − mean) / std as a 3×4 matrix for each image. */
function colors(): Float32Array {
  const matrix = mean.flatMap((value, c) => {
    const deviation = std[c] ?? Number.NaN;
    return [0, 1, 2].map((k) => (k === c ? 1 / deviation : 0)).concat(-value / deviation);
  });
  return Float32Array.from(Array.from({ length: SHAPE.batch }, () => matrix).flat());
}
