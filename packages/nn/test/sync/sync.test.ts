/** Synchronized layers on N processes match one process with the whole batch. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Hosts } from '../../../comm/test/support/hosts.js';
import { Pool } from '../../../comm/test/support/pool.js';
import { uniform } from '../../../core/test/support/prng.js';
import { InPlaceABN } from '../../src/index.js';
import { compare as compareIn, expectNear, NET as net } from './compare.js';
import type { NetShape } from './network.js';
import { type PixelOutcome, type Pixels, runPixels } from './pixels.js';

const RANKS = 4;
const LATE_MS = 10_000;
const pixels = new URL('pixels.job.ts', import.meta.url);

const hosts = Hosts.create(3);
/** The pool of the last test; the other tests run while its rank 1 is late. */
let threeHosts: Promise<Pool> | undefined;

beforeAll(() => {
  if (!hosts) return;
  const lateMs = (rank: number) => (rank === 1 ? LATE_MS : 0);
  threeHosts = Pool.start(3, {}, { hosts: hosts.list, lateMs });
  // An error surfaces in the last test.
  threeHosts.catch(() => {});
});
afterAll(async () => {
  const pool = await threeHosts?.catch(() => null);
  await pool?.close();
  hosts?.remove();
});

describe('InPlaceABNSync over processes matches one process:', () => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await Pool.start(RANKS);
  });
  afterAll(async () => {
    await pool.close();
  });

  const compare = (sizes: readonly number[], shape: NetShape) => compareIn(pool, sizes, shape);

  it.each([[[6]], [[3, 3]], [[1, 5]], [[4, 0, 2]], [[1, 1, 1, 1]], [[0, 0, 0, 5]]])(
    'shares of %j images',
    (sizes) => compare(sizes, net),
  );

  it.each(['leaky_relu', 'identity'] as const)('%s', (activation) =>
    compare([2, 1, 3], { ...net, activation }),
  );

  it('the cumulative average', () => compare([2, 3], { ...net, momentum: null, steps: 3 }));

  it('bfloat16, within its rounding', () => compare([2, 4, 1], { ...net, precision: 'bfloat16' }));

  it('images of different sizes on every rank', async () => {
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
      activation: fc.constantFrom('elu' as const, 'identity' as const),
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

describe.skipIf(!hosts)('InPlaceABNSync over three hosts (network namespaces: root, iproute2)', () => {
  it('matches one process though a rank starts ten seconds late', async () => {
    const pool = await threeHosts;
    await compareIn(pool ?? expect.fail('no hosts'), [2, 0, 3], net);
  });
});
