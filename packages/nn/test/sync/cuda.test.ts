/** Synchronized layers on CUDA devices, over NCCL or without it over the host. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { Pool } from '../../../comm/test/support/pool.js';
import { emulatedEnvironment } from '../../../cuda/test/support/emulated.js';
import { compare, NET } from './compare.js';

describe.each([
  ['over NCCL', '1'],
  ['over the host', '0'],
])('InPlaceABNSync on CUDA devices, %s', (_, nccl) => {
  let pool: Pool;
  beforeAll(async () => {
    const environment = { ...emulatedEnvironment(), IABN_TEST_DEVICE: 'cuda', IABN_NCCL: nccl };
    Object.assign(process.env, environment);
    pool = await Pool.start(3, environment);
  });
  afterAll(() => pool.close());

  it.each([[[3, 3]], [[4, 0, 2]], [[1, 1, 1]]])('shares of %j images', (sizes) => compare(pool, sizes, NET));

  it('bfloat16, within its rounding', () => compare(pool, [2, 4, 1], { ...NET, precision: 'bfloat16' }));
});
