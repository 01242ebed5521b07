/** Real processes that are killed, stopped, or leave the others waiting. */
import { afterEach, describe, expect, it } from 'vitest';
import { Pool } from '../support/pool.js';

const waiting = new URL('jobs/waiting.mjs', import.meta.url);
const SIZE = 3;

let pool: Pool;
afterEach(async () => {
  pool.broken = true;
  await pool.close();
});

describe.each([0, 1])('rank %i of 3', (victim) => {
  it.each([
    ['SIGKILL', 'all_reduce'],
    ['SIGKILL', 'barrier'],
    ['SIGSTOP', 'all_gather'],
    ['SIGSTOP', 'broadcast'],
  ] as const)('%s ends what the others wait for in %s, with the reason', async (signal, collective) => {
    pool = await Pool.start(SIZE, { IABN_LOSS_TIMEOUT: '1' });
    const others = [0, 1, 2].filter((rank) => rank !== victim);
    const outcomes = others.map((rank) => pool.ask(rank, waiting, collective));
    pool.children[victim]?.kill(signal);
    const errors = (await Promise.all(outcomes)).map(({ error }) => error ?? '');
    for (const error of errors) expect(error).toContain(`${collective} in group world: `);
    for (const error of errors) expect(error).toMatch(/lost|clos|reset/i);
    // The connections of Gloo break with a process; of one that is stopped, only the heartbeat tells. Where rank 0 is, the others
    // notice by themselves, and the first that does breaks the other's connections.
    const heard = errors.filter((error) => error.includes('was lost: nothing was heard of it for 1 s'));
    if (signal === 'SIGSTOP') expect(heard.length).toBeGreaterThanOrEqual(victim === 0 ? 1 : others.length);
  });
});

it('a peer that lives but does not come ends a collective in its time', async () => {
  pool = await Pool.start(2, { IABN_COLLECTIVE_TIMEOUT: '1' });
  const { error } = await pool.ask(0, waiting, 'all_reduce');
  expect(error).toMatch(/^all_reduce in group world: Timed out/);
});
