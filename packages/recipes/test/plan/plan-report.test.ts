import { byteLength, cpu, memoryMapOf, statesOf } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { formatPlan, planReport } from '../../src/index.js';
import { configOf } from '../support/runs.js';

const KINDS = ['weights', 'gradients', 'optimizer', 'activations', 'workspace'];

describe('planReport', () => {
  const { report, plan } = planReport(configOf(), 8, cpu());

  it('has the documented keys, in JSON', () => {
    const json = JSON.parse(JSON.stringify(report));
    expect(Object.keys(json).sort()).toEqual(
      [
        'arch',
        'arenaBytes',
        'batch',
        'bytes',
        'crop',
        'layers',
        'libraries',
        'ordinary',
        'peak',
        'peakAt',
        'precision',
        'rebuilds',
        'slices',
        'totalBytes',
        'transferBytes',
      ].sort(),
    );
    for (const kind of KINDS) {
      expect(json.bytes[kind], kind).toBeGreaterThanOrEqual(0);
      expect(json.ordinary[kind], kind).toBeGreaterThanOrEqual(0);
    }
    expect(Object.keys(json.peakAt)).toEqual(['instruction', 'op', 'path']);
    expect(Object.keys(json.layers[0])).toEqual(['path', 'op', 'bytes', 'inPlace', 'reason']);
  });

  it('has consistent totals: the peak is the sum of what is live at that time', () => {
    const { bytes, peak, arenaBytes, totalBytes } = report;
    expect(bytes.activations + bytes.gradients + bytes.workspace + bytes.inputs).toBe(peak);
    expect(arenaBytes).toBeGreaterThanOrEqual(peak);
    expect(arenaBytes).toBeLessThanOrEqual(1.01 * peak);
    expect(totalBytes).toBe(arenaBytes + bytes.weights + bytes.optimizer);
    // One chunk of the largest state.
    const largest = Math.max(...statesOf(plan.graph).map(byteLength));
    expect(report.transferBytes).toBe(Math.min(largest, 4 * 2 ** 20));
  });

  it('counts the weights and optimizer state of the network', () => {
    const { bytes, ordinary } = report;
    // The store starts every state at a multiple of 64 bytes.
    expect(bytes.weights).toBeGreaterThanOrEqual(ordinary.weights);
    expect(bytes.optimizer).toBeGreaterThanOrEqual(ordinary.optimizer);
    expect(bytes.weights / ordinary.weights).toBeLessThan(1.02);
    expect(bytes.optimizer / ordinary.optimizer).toBeLessThan(1.02);
    expect(ordinary.activations).toBeGreaterThan(1.5 * bytes.activations);
  });

  it('has every in-place layer in place, and a reason for every other one', () => {
    const layers = report.layers.filter(({ op }) => op === 'abn_apply');
    expect(layers.length).toBe(20);
    expect(layers.filter(({ inPlace }) => !inPlace)).toEqual([]);
    for (const { inPlace, reason } of report.layers) expect(reason === null).toBe(inPlace);
    const standard = planReport(
      configOf({ network: { bn_mode: 'standard', activation: 'relu' } }),
      8,
      cpu(),
    ).report;
    const kept = standard.layers.filter(({ op, inPlace }) => op === 'abn_apply' && !inPlace);
    expect(kept.length).toBeGreaterThan(10);
    expect(kept.every(({ reason }) => (reason ?? '').length > 10)).toBe(true);
  });

  it('grows with the batch only in activations', () => {
    const twice = planReport(configOf(), 16, cpu()).report;
    expect(twice.bytes.weights).toBe(report.bytes.weights);
    expect(twice.rebuilds.kept / report.rebuilds.kept).toBeCloseTo(2, 1);
    // Workspaces decide where the peak is, and so which activations are live at it: oneDNN 3.7 moves it.
    expect(Math.abs(twice.bytes.activations / report.bytes.activations - 2)).toBeLessThan(0.1);
  });

  it('is printed as a table', () => {
    const text = formatPlan(report);
    for (const kind of KINDS) expect(text).toMatch(new RegExp(`^${kind} `, 'm'));
    expect(text).toMatch(
      /^resnet18, batch 8 at 16×16, float32; (oneDNN \d+\.\d+\.\d+|own kernels without oneDNN)$/m,
    );
    expect(text).toMatch(/^mod2\.block1\.convs\.bn1 +abn_apply .* in place$/m);
  });

  it('says which concatenated channels are in place and which are copied', () => {
    const dense = planReport(
      configOf({ network: { arch: 'densenet121', stem: 'imagenet', width: 1 }, input: { crop_train: 64 } }),
      2,
      cpu(),
    );
    const { slices } = dense.report;
    const copied = slices.filter(({ inPlace }) => !inPlace);
    // Convolutions write and read dense rows: each layer's own channels are copied, once forward, once
    // backward.
    expect(copied.length).toBe(2 * (6 + 12 + 24 + 16));
    expect(copied.every(({ reason }) => /^conv2d\w* at mod\d\.convs3\.\d+\.conv /.test(reason ?? ''))).toBe(
      true,
    );
    const sum = (list: typeof slices) => list.reduce((total, { bytes }) => total + bytes, 0);
    expect(sum(copied) / sum(slices)).toBeLessThan(0.15);
    const text = formatPlan(dense.report);
    expect(text).toMatch(/^joined and cut channels: .* lie in the wider value, .* are copied$/m);
    expect(text).toMatch(/^mod2 +concat .* channels 0 to 64 in place$/m);
    const names = memoryMapOf(dense.plan).buffers.flatMap(({ name, inPlace }) => [name, ...(inPlace ?? [])]);
    expect(names.some((name) => name.endsWith(' in channels 0 to 64'))).toBe(true);
  });

  it('includes the memory of the whole process if its loaders are given', () => {
    const segmenting = configOf({ mix: { mixup: 0.2 }, data: { cache: 'ram', cache_limit: 2 ** 30 } });
    const whole = (processes: number, workers: number) =>
      planReport(segmenting, 8 / processes, cpu(), { processes, workers, maxPixels: 1000 }).report;
    const bytesOf = ({ resident }: ReturnType<typeof whole>, name: string) =>
      resident?.parts.find((part) => part.name.includes(name))?.bytes ?? expect.fail(`no ${name}`);
    const [one, two] = [whole(1, 2), whole(2, 4)];
    expect(bytesOf(one, 'weights') + bytesOf(one, 'optimizer')).toBe(one.bytes.weights + one.bytes.optimizer);
    expect(bytesOf(one, 'arena')).toBeGreaterThanOrEqual(one.arenaBytes);
    // 3 batches of 8 images of both loaders; of two processes 4 images, and a row for the other's image in
    // training.
    const row = 3 * 16 * 16 + 48 + 8;
    expect(bytesOf(one, 'batches')).toBe(2 * 3 * 8 * row);
    expect(bytesOf(two, 'batches')).toBe(3 * (4 + 1 + 4) * row);
    expect(bytesOf(two, 'threads')).toBe(2 * bytesOf(one, 'threads'));
    expect(bytesOf(two, 'decoded images')).toBe(2 ** 29);
    expect(formatPlan(two, { processes: 2 })).toMatch(
      /\nmemory of each process +expected +at most\n[\s\S]*\n2 processes +\d/,
    );
  });

  it('covers the shards of the process if the batch is sharded', () => {
    const config = configOf({ network: { bn_mode: 'sync' }, deterministic_world: 8 });
    const planOf = (processes: number) => planReport(config, 16 / processes, cpu(), { processes });
    const convolutions = ({ plan }: ReturnType<typeof planOf>) =>
      plan.instructions.filter(({ node }) => node.op.name === 'conv2d').length;
    const counts = [1, 2, 4, 8].map((processes) => convolutions(planOf(processes)) * processes);
    expect(new Set(counts)).toEqual(new Set([20 * 8]));
    const [one, two] = [1, 2].map((processes) => planOf(processes).report.rebuilds.kept);
    expect((two ?? 0) / (one ?? 1)).toBeCloseTo(0.5, 1);
    expect(() => planOf(3)).toThrow('deterministicWorld of 8 cannot be divided among 3 processes');
  });

  it('draws every buffer within the arena and none over another', () => {
    const { arenaBytes, buffers, instructions } = memoryMapOf(plan);
    for (const { offset, bytes, start, end } of buffers) {
      expect(offset + bytes).toBeLessThanOrEqual(arenaBytes);
      expect(start).toBeLessThanOrEqual(end);
      expect(end).toBeLessThan(instructions.length);
    }
    const overlapping = buffers.flatMap((a, i) =>
      buffers.slice(i + 1).filter((b) => {
        const inTime = a.start <= b.end && b.start <= a.end;
        return inTime && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
      }),
    );
    expect(overlapping).toEqual([]);
  });
});
