/** Plan locks: the same on every machine; a change that costs memory is traced to its layer. */
import { diffPlans, planLockIn, planLockText } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { formatFreezing, formatGrown, formatPlanDiff, freezingOf, lockOf } from '../../src/index.js';
import { configOf } from '../support/runs.js';

const lock = lockOf(configOf(), 8);

describe('a lock', () => {
  it('reads back what was written, one layer per line', () => {
    const text = planLockText(lock);
    expect(planLockIn(text, 'file')).toEqual(lock);
    expect(text).toMatch(
      /^ {4}"mod1\.bn1 abn_apply": \{"bytes":\d+,"backward":"\w+","written":"in place"\},$/m,
    );
  });

  it('has consistent totals', () => {
    const { bytes, arenaBytes, totalBytes, peak, layers, keptBytes } = lock;
    expect(totalBytes).toBe(arenaBytes + bytes.weights + bytes.optimizer);
    expect(bytes.gradients + bytes.activations + bytes.inputs + bytes.workspace).toBe(peak);
    const kept = Object.values(layers).filter(({ backward }) => backward === 'keep');
    expect(kept.reduce((sum, layer) => sum + layer.bytes, 0)).toBe(keptBytes);
  });

  it.each(['totalBytes', 'peak', 'keptBytes', 'moreWork'] as const)('is rejected without %s', (key) => {
    const { [key]: _, ...rest } = lock;
    expect(() => planLockIn(JSON.stringify(rest), 'some.lock')).toThrow('some.lock is not a plan lock');
  });

  it.each(['', '{}', '{"format": "inplace-abn plan lock 0", "layers": {}}', 'null'])(
    'is distinguished from other files: %s',
    (text) => {
      expect(() => planLockIn(text, 'some.lock')).toThrow(
        expect.objectContaining({ code: 'ERR_PLAN_LOCK', message: expect.stringContaining('some.lock') }),
      );
    },
  );
});

describe('a lock of an accumulated batch', () => {
  const inParts = (keep_inputs: string[] = []) =>
    lockOf(configOf({ network: { keep_inputs }, optimizer: { accumulate: 3 } }), 8);

  it('has the layers of all parts, the bytes of the largest, and the work of all', () => {
    const parts = inParts();
    const names = Object.keys(parts.layers);
    expect(names).toContain('part of 3: mod1.bn1 abn_apply');
    expect(names).toContain('mod1.bn1 abn_apply');
    // Two parts of 3, and one of 2 with the update.
    expect(names.filter((name) => name.endsWith('mod1.bn1 abn_apply'))).toHaveLength(2);
    expect(parts.work).toBeGreaterThan(0.9 * lock.work);
    expect(parts.peak).toBeLessThan(lock.peak);
    expect(parts.totalBytes).toBe(parts.arenaBytes + parts.bytes.weights + parts.bytes.optimizer);
    expect(planLockIn(planLockText(parts), 'file')).toEqual(parts);
  });

  it('lists a part once, however many shards it is divided into', () => {
    const inShards = (deterministic_world: number) => {
      const network = { bn_mode: 'sync' };
      return lockOf(configOf({ network, optimizer: { accumulate: 2 }, deterministic_world }), 8);
    };
    const [whole, four] = [inShards(0), inShards(4)];
    expect(Object.keys(four.layers)).toContain('part of 4: mod1.bn1 abn_apply');
    expect(four.work).toBeGreaterThan(0.9 * whole.work);
    // Every shard computes the gradients of all weights, however few its images.
    expect(four.work).toBeLessThan(3 * whole.work);
  });

  it('finds growth in a part other than the last', () => {
    const { layers, grown } = diffPlans(inParts(), inParts(['mod3.block1.convs.bn1']));
    expect(grown.map(({ name }) => name)).toContain('bufferBytes');
    expect(layers.map(({ layer }) => layer)).toContain('part of 3: mod3.block1.convs.conv1 conv2d');
  });
});

describe('a check', () => {
  it('finds nothing if nothing changed', () => {
    const diff = diffPlans(lock, lockOf(configOf(), 8));
    expect(diff).toMatchObject({ layers: [], resized: [], grown: [] });
  });

  it('names the one layer that now keeps its input', () => {
    const planted = lockOf(configOf({ network: { keep_inputs: ['mod3.block1.convs.bn1'] } }), 8);
    const diff = diffPlans(lock, planted);
    expect(diff.grown.map(({ name }) => name)).toContain('bufferBytes');
    const [costliest] = diff.layers;
    expect(costliest).toMatchObject({
      layer: 'mod3.block1.convs.conv1 conv2d',
      before: { backward: 'absorb' },
      after: { backward: 'keep' },
    });
    expect(formatGrown(diff)).toMatch(/by\n {2}mod3\.block1\.convs\.conv1 conv2d +\+[\d.]+ \w+ /);
  });

  it('names the layers of a larger batch', () => {
    const diff = diffPlans(lock, lockOf(configOf(), 16));
    expect(diff.grown.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['totalBytes', 'peak', 'keptBytes', 'bufferBytes']),
    );
    expect(diff.resized.length).toBeGreaterThan(10);
    expect(formatPlanDiff(diff)).toMatch(/^resnet18, batch 8 at 16×16, float32 → resnet18, batch 16 /);
  });
});

describe('freezing', () => {
  it('takes a range of modules in network order, and saves as much as training without them', () => {
    const found = freezingOf(configOf(), 'mod1…mod3', 8);
    expect(found.paths).toEqual(['mod1', 'mod2', 'mod3']);
    const frozen = configOf({ optimizer: { freeze: ['mod1', 'mod2', 'mod3'] } });
    expect(found.after).toEqual(lockOf(frozen, 8));
    expect(found.after.totalBytes).toBeLessThan(found.before.totalBytes);
    expect(found.after.work).toBeLessThan(found.before.work);
    expect(formatFreezing(found)).toMatch(
      /^resnet18, .*: freezing mod1, mod2, mod3 saves .* % of the work\n/,
    );
  });

  it('takes paths as optimizer.freeze does', () => {
    expect(freezingOf(configOf(), 'mod2.block1..mod2.block2, classifier', 8).paths).toEqual([
      'mod2.block1',
      'mod2.block2',
      'classifier',
    ]);
    expect(() => freezingOf(configOf(), 'mod9', 8)).toThrow(
      expect.objectContaining({ code: 'ERR_NO_MATCH' }),
    );
  });

  it.each(['mod3…mod1', 'mod1…mod9'])('refuses %s', (range) => {
    expect(() => freezingOf(configOf(), range, 8)).toThrow(
      `${range}: expected a range of neighboring modules, in order, of mod1, mod2, mod3, mod4, mod5, classifier`,
    );
  });
});
