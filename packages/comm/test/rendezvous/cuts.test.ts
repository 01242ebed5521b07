/**
 * Three processes meet, exchange and part in a simulated network that is cut in one direction at every
 * possible moment, between any two messages of each direction. In every case all processes must end in time.
 */
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { World } from '../../src/index.js';
import { type Cut, Network } from '../support/network.js';

let network = new Network();
vi.mock('node:net', () => ({
  createServer: (handler: Parameters<Network['net']['createServer']>[0]) => network.net.createServer(handler),
  connect: () => network.net.connect(),
}));
const { joinWorld } = await import('../../src/index.js');

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const SIZE = 3;
const RANKS = [0, 1, 2];
const ROUNDS = 3;
const [greetMs, lossMs] = [2_000, 6_000];
/** Milliseconds between exchanges, during which heartbeats are sent. */
const WORK_MS = 1_500;
/** Time in milliseconds in which both sides, one after the other, notice a loss and end. */
const NOTICED_MS = 2 * lossMs + 5_000;
const STILL = 'still there';

interface Meeting {
  readonly meetMs: number;
  /** Milliseconds by which the last process is late. */
  readonly lateMs: number;
}

/** Outcome of a process: the reason for its failure, or `done`. */
async function work(rank: number, { meetMs, lateMs }: Meeting, notes: string[]): Promise<string> {
  let world: World | null = null;
  try {
    if (rank === SIZE - 1) await new Promise((resolve) => setTimeout(resolve, lateMs));
    const note = (line: string) => notes.push(line);
    const options = { meetMs, greetMs, lossMs, secret: 's', note };
    world = await joinWorld({ rank, size: SIZE, localRank: rank }, { host: '127.0.0.1', port: 1 }, options);
    for (let round = 0; round < ROUNDS; round++) {
      await world.gather(`${round}`, RANKS, Uint8Array.of(rank));
      await new Promise((resolve) => setTimeout(resolve, WORK_MS));
    }
    await world.close();
    return 'done';
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    await world?.fail(reason);
    return reason;
  }
}

/** How each process ended within `limitMs`, the notes of rank 0, and the network. */
async function simulate(cut: Cut | null, meeting: Meeting, limitMs: number) {
  network = new Network(cut);
  const notes: string[] = [];
  const ends = RANKS.map(() => STILL);
  for (const rank of RANKS) {
    const running = network.as(rank, () => work(rank, meeting, notes));
    void running.then((end) => {
      ends[rank] = end;
    });
  }
  for (let ms = 0; ms < limitMs && ends.includes(STILL); ms += 500) await vi.advanceTimersByTimeAsync(500);
  const found = { ends: [...ends], notes, network };
  vi.clearAllTimers();
  return found;
}

describe('a wire cut in one direction', () => {
  const meeting = { meetMs: 20_000, lateMs: 0 };
  const limitMs = meeting.meetMs + greetMs + ROUNDS * WORK_MS + NOTICED_MS;

  it('works if it is not cut', async () => {
    const { ends, notes } = await simulate(null, meeting, limitMs);
    expect(ends).toEqual(['done', 'done', 'done']);
    expect(notes).toEqual([]);
  });

  it.each([
    [1, 0],
    [0, 1],
    [2, 0],
    [0, 2],
  ])('from %i to %i lets every process end, whichever message is lost first', async (from, to) => {
    const messages = (await simulate(null, meeting, limitMs)).network.count(from, to);
    expect(messages).toBeGreaterThan(8);
    for (let after = 0; after < messages; after++) {
      const { ends } = await simulate({ from, to, after }, meeting, limitMs);
      expect({ after, ends }).toEqual({ after, ends: ends.map((end) => (end === STILL ? 'an end' : end)) });
    }
  });

  it.each([
    [1, 0],
    [0, 1],
  ])('from %i to %i is noticed while waiting for a third rank', async (from, to) => {
    // Connecting takes two messages and being accepted one more; then heartbeats follow, one per second.
    for (let after = 3; after < 12; after++) {
      const { ends } = await simulate(
        { from, to, after },
        { meetMs: 120_000, lateMs: 60_000 },
        1_000 * after + NOTICED_MS,
      );
      for (const end of ends.slice(0, 2)) expect(end).toMatch(/rank [01] .*left before all ranks had joined/);
      expect(ends[2]).toBe(STILL);
    }
  });

  it('before a rank is known leaves rank 0 waiting for it and reporting so', async () => {
    const { ends, notes } = await simulate({ from: 1, to: 0, after: 2 }, meeting, limitMs);
    expect(notes).toEqual(['waiting for rank 1 of 3 at 127.0.0.1:1, up to 20 s']);
    expect(ends[0]).toContain('rank 1 of 3 did not join within 20 s');
    expect(ends[1]).toBe('rank 1: rank 0 at 127.0.0.1:1 did not answer within 2 s');
    expect(ends[2]).toContain('rank 1 of 3 did not join within 20 s');
  });
});

afterAll(() => vi.doUnmock('node:net'));
