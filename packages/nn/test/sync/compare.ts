/** A batch on one process and split over several: the same outputs, gradients and running statistics. */
import { expect } from 'vitest';
import type { Pool } from '../../../comm/test/support/pool.js';
import { uniform } from '../../../core/test/support/prng.js';
import { InPlaceABN } from '../../src/index.js';
import { CLASSES, type NetShape, type Outcome, runNetwork, type Share } from './network.js';

const job = new URL('layer.job.ts', import.meta.url);
const [INPUTS, HEIGHT, WIDTH] = [3, 5, 6];
const PIXELS = INPUTS * HEIGHT * WIDTH;

function batchOf(images: number, net: NetShape): Share {
  const shape = [images, INPUTS, HEIGHT, WIDTH] as const;
  return {
    net,
    shape,
    // A mean far from zero that differs between images: a local mean would be wrong.
    images: Float32Array.from(uniform('images', shape, -1, 1), (v, i) => v + 2 + Math.floor(i / PIXELS)),
    labels: Int32Array.from({ length: images }, (_, i) => (i * i) % CLASSES),
    total: images,
  };
}

/** Splits the batch into consecutive shares of these sizes. */
function sharesOf(batch: Share, sizes: readonly number[]): Share[] {
  let begin = 0;
  return sizes.map((size) => {
    const end = begin + size;
    const share = {
      ...batch,
      shape: [size, INPUTS, HEIGHT, WIDTH] as const,
      images: batch.images.slice(begin * PIXELS, end * PIXELS),
      labels: batch.labels.slice(begin, end),
    };
    begin = end;
    return share;
  });
}

export function expectNear(
  found: ArrayLike<number>,
  wanted: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  expect(found.length, what).toBe(wanted.length);
  const scale = Math.max(1e-2, ...Array.from(wanted, Math.abs));
  const worst = Math.max(0, ...Array.from(wanted, (value, i) => Math.abs((found[i] ?? Number.NaN) - value)));
  expect(worst / scale, what).toBeLessThan(tolerance);
}

export const NET: NetShape = {
  channels: 7,
  activation: 'elu',
  momentum: 0.1,
  steps: 2,
  precision: 'float32',
};

/** Compares a batch on one process with its shares on the first ranks. */
export async function compare(pool: Pool, sizes: readonly number[], net: NetShape): Promise<void> {
  const batch = batchOf(
    sizes.reduce((sum, size) => sum + size, 0),
    net,
  );
  const whole = await runNetwork(batch, (channels, options) => new InPlaceABN(channels, options));
  const shares = sharesOf(batch, sizes);
  const outcomes = await pool.run<Outcome | null>(job, (rank) => shares[rank] ?? null);
  const found = outcomes.filter((outcome) => outcome !== null);
  expect(found).toHaveLength(sizes.length);
  const tolerance = net.precision === 'float32' ? 1e-5 : 0.05;
  const logits = found.flatMap((each) => [...each.logits]);
  expectNear(logits, whole.logits, tolerance, 'logits');
  expectNear([found.reduce((sum, { loss }) => sum + loss, 0)], [whole.loss], tolerance, 'loss');
  for (const { gradients, buffers } of found) {
    for (const [name, wanted] of Object.entries(whole.gradients)) {
      expectNear(gradients[name] ?? [], wanted, tolerance, `gradient of ${name}`);
    }
    for (const [name, wanted] of Object.entries(whole.buffers)) {
      expectNear(buffers[name] ?? [], wanted, tolerance, name);
    }
    expect(gradients).toEqual(found[0]?.gradients);
    expect(buffers).toEqual(found[0]?.buffers);
  }
}
