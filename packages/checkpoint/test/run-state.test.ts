import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BEST_FILE,
  latestRunMeta,
  listCheckpoints,
  loadLatest,
  loadRunState,
  type RunMeta,
  type RunState,
  RunStateStore,
  readRunMeta,
  resumeRunState,
  SUPERSEDED_BEST_FILE,
  saveRunState,
  writeSafetensors,
} from '../src/index.js';
import { PATIENCE, temporaryFolder } from './temporary-folder.js';
import { anyTensors, comparable, float32 } from './tensors.js';

const root = await temporaryFolder();

function runState(step: number, changes: Partial<RunMeta> = {}): RunState {
  const meta = { epoch: 1, step, bestTop1: 71.5, seed: 3, configHash: 'c0ffee', versions: { node: '20' } };
  return {
    meta: { ...meta, ...changes },
    model: new Map([['conv.weight', float32([2], [step, -step])]]),
    optimizer: new Map([['conv.weight', float32([2], [0.5, step])]]),
  };
}

/** A folder with checkpoints at the given steps, none of them rotated away. */
async function folderWith(name: string, steps: readonly number[]): Promise<string> {
  const folder = join(root, name);
  const store = new RunStateStore(folder, { keep: 100 });
  for (const step of steps) await store.save(runState(step));
  return folder;
}

const at = (folder: string, step: number): string => join(folder, `checkpoint-${step}.safetensors`);

async function flipBit(path: string, bit: number): Promise<void> {
  const bytes = await readFile(path);
  const index = (bit >> 3) % bytes.byteLength;
  bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit & 7));
  await writeFile(path, bytes);
}

describe('run state', () => {
  it('survives a round trip', async () => {
    const path = join(root, 'state.safetensors');
    const anyMeta = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 });
    await fc.assert(
      fc.asyncProperty(anyTensors, anyTensors, anyMeta, async (model, optimizer, own) => {
        const meta = { ...runState(5).meta, own: JSON.parse(JSON.stringify(own)) };
        await saveRunState(path, { meta, model, optimizer });
        const read = await loadRunState(path);
        expect(read.meta).toEqual(meta);
        expect(comparable(read.model)).toEqual(comparable(model));
        expect(comparable(read.optimizer)).toEqual(comparable(optimizer));
      }),
      { numRuns: 25 },
    );
  });

  it.each([
    [{ step: -1 }, '"step" of the training state must be an integer ≥ 0, not -1'],
    [{ epoch: 0.5 }, '"epoch" of the training state must be an integer ≥ 0, not 0.5'],
    [{ bestTop1: Number.NaN }, '"bestTop1" of the training state is NaN, which JSON cannot hold'],
    [{ loss: Number.POSITIVE_INFINITY }, '"loss" of the training state is Infinity, which JSON cannot hold'],
  ])('rejects metadata that would not survive: %o', async (changes, message) => {
    const path = join(root, 'refused.safetensors');
    await expect(saveRunState(path, runState(1, changes))).rejects.toThrow(`${path}: ${message}`);
    expect(await readdir(root)).not.toContain('refused.safetensors');
  });

  it('rejects other files', async () => {
    const path = join(root, 'weights.safetensors');
    await writeSafetensors(path, new Map([['w', float32([], [1])]]), { checksum: true });
    await expect(loadRunState(path)).rejects.toThrow(
      `${path} is a safetensors file, but not a training state.`,
    );
    await writeSafetensors(path, new Map(), {
      checksum: true,
      metadata: { kind: 'inplace-abn run state', version: '9' },
    });
    await expect(loadRunState(path)).rejects.toThrow('has version 9 of the training state');
  });

  it('detects every truncation and every flipped bit', PATIENCE, async () => {
    const path = join(root, 'damaged.safetensors');
    await saveRunState(path, runState(7));
    const whole = await readFile(path);
    const anyPosition = fc.nat(whole.byteLength * 8 - 1);
    await fc.assert(
      fc.asyncProperty(anyPosition, fc.boolean(), async (bit, cut) => {
        await writeFile(path, whole);
        await (cut ? truncate(path, bit >> 3) : flipBit(path, bit));
        await expect(loadRunState(path)).rejects.toThrow(path);
      }),
      { numRuns: 200 },
    );
  });
});

describe('RunStateStore', () => {
  it('keeps the last two and the best', async () => {
    const folder = join(root, 'rotation');
    const store = new RunStateStore(folder);
    await store.save(runState(9));
    expect(await store.save(runState(10), { best: true })).toEqual({
      path: at(folder, 10),
      best: join(folder, 'best.safetensors'),
      removed: [],
      setAside: [],
    });
    await store.save(runState(100));
    const last = await store.save(runState(101));
    expect(last.removed).toEqual([at(folder, 10)]);
    expect((await readdir(folder)).sort()).toEqual([
      'best.safetensors',
      'checkpoint-100.safetensors',
      'checkpoint-101.safetensors',
    ]);
    expect((await loadRunState(join(folder, 'best.safetensors'))).meta.step).toBe(10);
    expect((await loadLatest(folder)).state.meta.step).toBe(101);
  });

  it('runs overlapping saves in turn and continues after a failed one', async () => {
    const folder = join(root, 'overlapping');
    const store = new RunStateStore(folder);
    const saves = [1, -2, 3, 4].map((step) => store.save(runState(step)));
    const results = await Promise.allSettled(saves);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect((await listCheckpoints(folder)).map(({ step }) => step)).toEqual([4, 3]);
  });

  it('sets aside checkpoints of an abandoned future', async () => {
    const folder = await folderWith('future', [20, 40, 60]);
    const store = new RunStateStore(folder);
    const names = await store.save(runState(30)).then(({ setAside }) => setAside);
    expect(names).toEqual([
      join(folder, 'checkpoint-60.superseded.safetensors'),
      join(folder, 'checkpoint-40.superseded.safetensors'),
    ]);
    expect((await loadLatest(folder)).state.meta.step).toBe(30);
    await store.save(runState(40));
    const again = await store.save(runState(35));
    expect(again.setAside).toEqual([join(folder, 'checkpoint-40.superseded-2.safetensors')]);
  });

  it('keeps as many superseded checkpoints as others, the latest ones', async () => {
    const folder = join(root, 'bounded');
    const store = new RunStateStore(folder);
    const ages = [10, 20, 30];
    for (const step of ages) {
      await store.save(runState(step));
      const saved = new Date(Date.now() - 1000 * (100 - step));
      await utimes(at(folder, step), saved, saved);
      // Each is superseded by a save of an earlier step.
      if (step < 30) await store.save(runState(step - 5));
    }
    const { setAside, removed } = await store.save(runState(6));
    expect(setAside).toEqual(
      [30, 15].map((step) => join(folder, `checkpoint-${step}.superseded.safetensors`)),
    );
    expect(removed).toHaveLength(2);
    const left = (await readdir(folder)).filter((name) => name.includes('superseded'));
    expect(left.sort()).toEqual([
      'checkpoint-15.superseded.safetensors',
      'checkpoint-30.superseded.safetensors',
    ]);
  });

  it('makes another state the best, and sets it aside', async () => {
    const folder = await folderWith('best', [1, 2]);
    const [store, best] = [new RunStateStore(folder), join(folder, BEST_FILE)];
    await store.makeBest(at(folder, 1));
    expect((await readRunMeta(best)).step).toBe(1);
    await store.makeBest(at(folder, 2));
    await store.setBestAside();
    expect(existsSync(best)).toBe(false);
    expect(await readRunMeta(join(folder, SUPERSEDED_BEST_FILE))).toEqual(runState(2).meta);
    await expect(readRunMeta(best)).rejects.toThrow('there is no such file');
  });

  it('removes leftovers of a killed process and never reads them', async () => {
    const folder = await folderWith('killed', [5]);
    const remains = join(folder, '.checkpoint-6.safetensors.0123456789abcdef.tmp');
    await writeFile(remains, (await readFile(at(folder, 5))).subarray(0, 100));
    expect((await loadLatest(folder)).rejected).toEqual([]);
    const longAgo = new Date(Date.now() - 100_000_000);
    await utimes(remains, longAgo, longAgo);
    await new RunStateStore(folder).save(runState(6));
    expect((await readdir(folder)).sort()).toEqual(['checkpoint-5.safetensors', 'checkpoint-6.safetensors']);
  });

  it('refuses to keep no checkpoints', () => {
    expect(() => new RunStateStore(root, { keep: 0 })).toThrow('must be an integer ≥ 1, not 0');
  });
});

describe('resuming', () => {
  it('falls back to the last good one and reports the skipped ones', async () => {
    const folder = await folderWith('fall-back', [8, 9, 10, 11]);
    await flipBit(at(folder, 10), 8 * 2000);
    await truncate(at(folder, 11), 300);
    const { state, path, rejected } = await loadLatest(folder);
    expect(path).toBe(at(folder, 9));
    expect(comparable(state.model)).toEqual(comparable(runState(9).model));
    expect(rejected.map((file) => file.path)).toEqual([at(folder, 11), at(folder, 10)]);
    expect(rejected[0]?.reason).toContain('is truncated');
  });

  it('reads the metadata of the state that would be loaded, even if others are truncated', async () => {
    const folder = await folderWith('meta', [5, 10]);
    const stepOf = async (path: string) => (await latestRunMeta(path))?.step;
    expect(await stepOf(folder)).toBe(10);
    expect(await stepOf(at(folder, 5))).toBe(5);
    expect(await stepOf(at(folder, 99))).toBe(10);
    await truncate(at(folder, 10), 20);
    expect([await stepOf(folder), (await loadLatest(folder)).state.meta.step]).toEqual([5, 5]);
    expect(await stepOf(join(folder, 'other.pth.tar'))).toBeUndefined();
    expect(await stepOf(join(root, 'nowhere'))).toBeUndefined();
  });

  it('takes the best state if nothing else is intact', async () => {
    const folder = join(root, 'only-best');
    const store = new RunStateStore(folder, { keep: 1 });
    await store.save(runState(1), { best: true });
    await store.save(runState(2));
    await truncate(at(folder, 2), 10);
    expect(await loadLatest(folder)).toMatchObject({
      path: join(folder, 'best.safetensors'),
      rejected: [{}],
    });
  });

  it('loads a named file, even an older one', async () => {
    const folder = await folderWith('named', [1, 2]);
    expect((await resumeRunState(at(folder, 1))).state.meta.step).toBe(1);
    expect((await resumeRunState(folder)).state.meta.step).toBe(2);
  });

  it('falls back if the named file is truncated', async () => {
    const folder = await folderWith('named-torn', [1, 2, 3]);
    await truncate(at(folder, 3), 400);
    const { path, rejected } = await resumeRunState(at(folder, 3));
    expect(path).toBe(at(folder, 2));
    expect(rejected.map((file) => file.path)).toEqual([at(folder, 3)]);
  });

  it('names a missing file and the contents of its folder', async () => {
    const folder = await folderWith('missing', [1, 2]);
    const absent = at(folder, 3);
    await expect(resumeRunState(absent)).rejects.toThrow(
      `Cannot resume from ${absent}: there is no such file; ` +
        `the folder ${folder} holds checkpoint-1.safetensors, checkpoint-2.safetensors.`,
    );
    const { path, rejected } = await resumeRunState(absent, { missing: 'fallBack' });
    expect(path).toBe(at(folder, 2));
    expect(rejected).toEqual([{ path: absent, reason: 'there is no such file' }]);
  });

  it('says why there is nothing to resume from', async () => {
    const empty = join(root, 'empty');
    await expect(loadLatest(empty)).rejects.toThrow(
      `No checkpoint to resume from: there is no folder ${empty}`,
    );
    await mkdir(empty);
    await expect(loadLatest(empty)).rejects.toThrow(`the folder ${empty} is empty`);
    const folder = await folderWith('all-torn', [1, 2]);
    for (const step of [1, 2]) await truncate(at(folder, step), 20);
    await expect(loadLatest(folder)).rejects.toThrow(
      new RegExp(
        `No intact checkpoint to resume from in ${folder}:\n.*checkpoint-2.*truncated.*\n.*checkpoint-1.*truncated`,
      ),
    );
  });
});
