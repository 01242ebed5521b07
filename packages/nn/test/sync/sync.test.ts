/** N processes with synchronised layers are one process with the whole batch. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pool } from '../../../comm/test/support/pool.js';
import { uniform } from '../../../core/test/support/prng.js';
import { InPlaceABN } from '../../src/index.js';
import { CLASSES, type NetShape, type Outcome, runNetwork, type Share } from './network.js';
import { type PixelOutcome, type Pixels, runPixels } from './pixels.js';

const RANKS = 4;
const job = new URL('layer.job.ts', import.meta.url);
const pixels = new URL('pixels.job.ts', import.meta.url);
const [INPUTS, HEIGHT, WIDTH] = [3, 5, 6];
const PIXELS = INPUTS * HEIGHT * WIDTH;

function batchOf(images: number, net: NetShape): Share {
  const shape = [images, INPUTS, HEIGHT, WIDTH] as const;
  return {
    net,
    shape,
    // A mean far from zero, that differs from image to image: what a local mean would get wrong.
    images: Float32Array.from(uniform('images', shape, -1, 1), (v, i) => v + 2 + Math.floor(i / PIXELS)),
    labels: Int32Array.from({ length: images }, (_, i) => (3 * i) % CLASSES),
    total: images,
  };
}

/** Cut into shares of these sizes, one after the other. */
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

function expectNear(
  found: ArrayLike<number>,
  wanted: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  expect(found.length, what).toBe(wanted.length);
  const scale = Math.max(1e-3, ...Array.from(wanted, Math.abs));
  const worst = Math.max(0, ...Array.from(wanted, (value, i) => Math.abs((found[i] ?? Number.NaN) - value)));
  expect(worst / scale, what).toBeLessThan(tolerance);
}

describe('InPlaceABNSync over processes', () => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await Pool.start(RANKS, { IABN_EMULATE_BF16: '1' });
    process.env.IABN_EMULATE_BF16 = '1';
  });
  afterAll(async () => {
    delete process.env.IABN_EMULATE_BF16;
    await pool.close();
  });

  /** The same batch in one process and in shares of the first ranks. */
  async function compare(sizes: readonly number[], net: NetShape): Promise<void> {
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

  const net: NetShape = {
    channels: 7,
    activation: 'leaky_relu',
    momentum: 0.1,
    steps: 2,
    precision: 'float32',
  };

  it.each([[[6]], [[3, 3]], [[1, 5]], [[4, 0, 2]], [[1, 1, 1, 1]], [[0, 0, 0, 5]]])(
    'shares of %j images',
    (sizes) => compare(sizes, net),
  );

  it.each(['elu', 'identity'] as const)('%s', (activation) => compare([2, 1, 3], { ...net, activation }));

  it('the cumulative average', () => compare([2, 3], { ...net, momentum: null, steps: 3 }));

  it('bfloat16, within its rounding', () => compare([2, 4, 1], { ...net, precision: 'bfloat16' }));

  it('images of other sizes on every rank', async () => {
    const channels = 5;
    const areas = [
      [2, 3, 4],
      [1, 7, 2],
      [0, 4, 4],
      [3, 1, 1],
    ];
    const counts = areas.map((area) => area.reduce((a, b) => a * b, 1));
    const total = counts.reduce((a, b) => a + b, 0);
    const x = Float32Array.from(uniform('pixels', [total, channels], -1, 1), (v, i) => v + i / 50);
    const labels = Int32Array.from({ length: total }, (_, i) => (2 * i) % channels);
    const alone = new InPlaceABN(channels, { activation: 'elu', activationParam: 1 });
    const whole = await runPixels(alone, { shape: [total, channels], x, labels, total });
    const begins = counts.map((_, rank) => counts.slice(0, rank).reduce((a, b) => a + b, 0));
    const found = await pool.run<PixelOutcome>(pixels, (rank): Pixels => {
      const [[n = 0, ...size] = [], begin = 0, count = 0] = [areas[rank], begins[rank], counts[rank]];
      return {
        shape: [n, channels, ...size],
        x: x.slice(begin * channels, (begin + count) * channels),
        labels: labels.slice(begin, begin + count),
        total,
      };
    });
    for (const key of ['z', 'dx'] as const) {
      const all = found.flatMap((each) => [...each[key]]);
      expectNear(all, whole[key], 1e-5, key);
    }
    for (const { running } of found) expectNear(running, whole.running, 1e-5, 'running statistics');
  });

  it('any split of any batch', async () => {
    const sizes = fc
      .array(fc.nat(4), { minLength: 1, maxLength: RANKS })
      .filter((list) => list.reduce((sum, size) => sum + size, 0) > 1);
    const nets = fc.record({
      channels: fc.integer({ min: 1, max: 35 }),
      activation: fc.constantFrom('leaky_relu' as const, 'elu' as const, 'identity' as const),
      momentum: fc.constantFrom(0.1, 0.7, null),
      steps: fc.constantFrom(1, 2),
      precision: fc.constant('float32' as const),
    });
    await fc.assert(
      fc.asyncProperty(sizes, nets, (split, drawn) => compare(split, drawn)),
      { numRuns: 25 },
    );
  });
});
