import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Lifetime } from '../../src/passes/place.js';
import * as pass from '../../src/passes/place.js';
import { placementOf } from '../../src/plan/placement.js';
import { expectSoundPlacement } from '../support/placement.js';

vi.mock('../../src/passes/place.js', { spy: true });

/** Lifetimes of many lengths that start one after another. */
const lifetimes = Array.from({ length: 600 }, (_, i): Lifetime => {
  return { bytes: 64 * (1 + ((i * 37) % 101)), start: i, end: i + ((i * 53) % 29) };
});

describe('a placement', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'placements-'));
    vi.stubEnv('IABN_PLAN_CACHE', folder);
  });

  afterEach(() => {
    vi.unstubAllEnvs();
  });

  function placed(list: readonly Lifetime[]) {
    const search = vi.mocked(pass.place).mockClear();
    const { offsets, arenaBytes } = placementOf(list);
    expectSoundPlacement(
      list.map((lifetime, i) => ({ ...lifetime, offset: offsets[i] ?? -1 })),
      arenaBytes,
    );
    return { offsets, arenaBytes, searched: search.mock.calls.length > 0 };
  }

  it('of many buffers is cached across processes', () => {
    const first = placed(lifetimes);
    expect(first.searched).toBe(true);
    expect(placed(lifetimes)).toEqual({ ...first, searched: false });
    expect(placed(lifetimes.map((one) => ({ ...one, bytes: one.bytes + 1 }))).searched).toBe(true);
  });

  it('of few buffers is not cached', () => {
    expect(placed(lifetimes.slice(0, 100)).searched).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each(['torn', '{"order":[0,1],"fit":"lowest"}', '{"fit":"lowest"}', 'null'])(
    'is searched for again if the cache is invalid: %s',
    (text) => {
      const first = placed(lifetimes);
      const [file = ''] = readdirSync(folder);
      writeFileSync(join(folder, file), text);
      expect(placed(lifetimes)).toEqual(first);
    },
  );
});
