/** Three hosts with their own network addresses. */
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Hosts } from '../support/hosts.js';
import { Pool } from '../support/pool.js';

const hosts = Hosts.create(3);
const collectives = new URL('jobs/collectives.mjs', import.meta.url);
const waiting = new URL('jobs/waiting.mjs', import.meta.url);

afterAll(() => hosts?.remove());

describe.skipIf(!hosts)('three hosts (needs network namespaces: root, iproute2)', () => {
  let pool: Pool;
  afterEach(() => pool.close());

  it('meet and exchange', async () => {
    pool = await Pool.start(3, {}, { hosts: hosts?.list });
    const results = await pool.run<{ readonly sums: readonly ArrayLike<number>[] }>(collectives, () => 1000);
    for (const { sums } of results) {
      expect(sums).toEqual(results[0]?.sums);
      expect(sums[0]?.[10]).toBe(10 * (1 + 2 + 3));
    }
  });

  it('lose a host whose cable is cut', async () => {
    pool = await Pool.start(3, { IABN_LOSS_TIMEOUT: '1' }, { hosts: hosts?.list });
    pool.broken = true;
    const outcomes = [0, 1, 2].map((rank) => pool.ask(rank, waiting, 'all_reduce'));
    hosts?.cut(2);
    const errors = (await Promise.all(outcomes)).map(({ error }) => error);
    for (const error of errors.slice(0, 2)) {
      expect(error).toMatch(
        /all_reduce in group world: rank 2 at 10\.78\.0\.3:\d+ was lost: it sent nothing/,
      );
    }
    // From its own point of view, rank 0 is lost.
    expect(errors[2]).toMatch(/rank 0 at 10\.78\.0\.1:\d+ was lost: it sent nothing/);
  });
});
