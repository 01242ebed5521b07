/** Real processes that are killed or stopped, or keep the others waiting. */
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
  ] as const)('%s ends the pending %s of the other ranks with the reason', async (signal, collective) => {
    pool = await Pool.start(SIZE, { IABN_LOSS_TIMEOUT: '1' });
    const others = [0, 1, 2].filter((rank) => rank !== victim);
    const outcomes = others.map((rank) => pool.ask(rank, waiting, collective));
    pool.children[victim]?.kill(signal);
    const errors = (await Promise.all(outcomes)).map(({ error }) => error ?? '');
    for (const error of errors) expect(error).toContain(`${collective} in group world: `);
    for (const error of errors) expect(error).toMatch(/lost|clos|reset/i);
    // Gloo's connections break when a process dies; only the heartbeat detects a stopped one. Rank 0 is
    // detected by every other rank, and the first to notice breaks the others' connections.
    const heard = errors.filter((error) => error.includes('was lost: it sent nothing for 1 s'));
    if (signal === 'SIGSTOP') expect(heard.length).toBeGreaterThanOrEqual(victim === 0 ? 1 : others.length);
  });
});

it('a collective times out if a live peer never joins it', async () => {
  pool = await Pool.start(2, { IABN_COLLECTIVE_TIMEOUT: '1' });
  const { error } = await pool.ask(0, waiting, 'all_reduce');
  expect(error).toMatch(/^all_reduce in group world: Timed out/);
});
