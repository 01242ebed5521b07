/** The page's script, without Node, plans like `plan --portable`, to the byte. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import vm from 'node:vm';
import { portableCpu } from '@inplace-abn/core';
import { ARCHITECTURES } from '@inplace-abn/models';
import { formatPlan, planReport, resolveConfig } from '@inplace-abn/recipes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, HEADLESS } from '../../vitest/chromium.js';
import { buildPlanner } from '../build.mjs';
import type { FrontierPoint, Picked, Planned } from '../planning.js';

interface Planner {
  readonly architectures: readonly string[];
  plan(picked: Picked): Planned;
  frontier(picked: Picked, share: number): FrontierPoint | null;
  fieldsOf(json: string): Omit<Picked, 'json'>;
}

const folder = mkdtempSync(path.join(tmpdir(), 'planner-'));
// Chromium's processes may still write after it has ended.
afterAll(() => rmSync(folder, { recursive: true, maxRetries: 20, retryDelay: 100 }));

const config = {
  network: { arch: 'resnet18', width: 0.25, bn_mode: 'inplace', activation: 'leaky_relu' },
  input: { crop_train: 64 },
};
const picked: Picked = { json: JSON.stringify(config), batch: 4 };

let planner: Planner;
beforeAll(async () => {
  expect(await buildPlanner({ out: folder })).toEqual([]);
  // The globals of a page, and none of Node's.
  const globals: { planner?: Planner } & Record<string, unknown> = {
    performance: { now: () => 0 },
    AbortController,
    structuredClone,
    TextEncoder,
    TextDecoder,
    URL,
  };
  vm.runInNewContext(readFileSync(path.join(folder, 'planner.js'), 'utf8'), globals);
  planner = globals.planner ?? expect.fail('the script defines no planner');
});

function reportOf(budget = -1) {
  const resolved = resolveConfig({ ...config, memory_budget: budget }, 'test.json', {
    architectures: ARCHITECTURES,
  });
  return planReport(resolved, 4, portableCpu()).report;
}

describe('the planner of the page', () => {
  it('agrees with plan to the byte', () => {
    const report = reportOf();
    const { totalBytes, arenaBytes, peak } = report;
    const planned = planner.plan(picked);
    expect(planned).toMatchObject({ totalBytes, arenaBytes, peak, text: formatPlan(report) });
    expect(planned.map).toMatch(/^<svg /);
    expect(planned.layers.map(([layer]) => layer)).toContain('mod2.block1.convs.bn1 abn_apply');
  });

  it('stays within a budget, and returns the frontier', () => {
    const { totalBytes, arenaBytes } = reportOf();
    const budget = Math.floor(totalBytes - 0.05 * arenaBytes);
    const within = reportOf(budget);
    expect(planner.plan({ ...picked, budget }).totalBytes).toBe(within.totalBytes);
    expect(planner.frontier(picked, 0.95)).toEqual({
      bytes: within.totalBytes,
      moreWork: within.rebuilds.moreWork,
    });
    expect(planner.frontier(picked, 0.01)).toBeNull();
  });

  it('has every network of the zoo, and reports mistakes in a configuration', () => {
    expect(planner.architectures).toEqual(ARCHITECTURES);
    expect(() => planner.plan({ json: '{ "network": { "widht": 2 } }' })).toThrow(/widht/);
  });

  it('shows all fields of a configuration, with the defaults of keys that it lacks', () => {
    const { optimizer, input } = resolveConfig({}, 'test.json', { architectures: ARCHITECTURES });
    const fields = planner.fieldsOf(
      '{ "network": { "arch": "resnet18", "bn_mode": "sync", "activation": "leaky_relu" } }',
    );
    expect(fields).toEqual({
      arch: 'resnet18',
      bnMode: 'inplace',
      precision: 'float32',
      crop: input.crop_train,
      batch: optimizer.batch_size,
    });
    const given = { input: { crop_train: [64, 96] }, optimizer: { batch_size: 3 }, memory_budget: 2 ** 30 };
    const shown = planner.fieldsOf(JSON.stringify(given));
    expect(shown).toMatchObject({ batch: 3, budget: 2 ** 30 });
    expect(shown).not.toHaveProperty('crop');
    // So the JSON with these fields gives the same plan as the JSON alone.
    const json = JSON.stringify(config);
    expect(planner.plan({ json, ...planner.fieldsOf(json) }).text).toBe(planner.plan({ json }).text);
  });

  const browser = chromium();
  if (browser !== undefined) {
    it('shows the same bytes as a page in Chromium', async () => {
      const page = `${pathToFileURL(path.join(folder, 'index.html'))}?arch=resnet18&batch=4&crop=64`;
      const flags = [...HEADLESS, '--virtual-time-budget=5000'];
      const profile = `--user-data-dir=${path.join(folder, 'profile')}`;
      const { stdout } = await promisify(execFile)(browser, [...flags, profile, '--dump-dom', page], {
        maxBuffer: 2 ** 26,
      });
      const optimizer = { batch_size: 4, clip: 0, nesterov: true };
      const shown = { ...config, network: { ...config.network, width: 1 }, optimizer };
      const resolved = resolveConfig(shown, 'test.json', { architectures: ARCHITECTURES });
      const { totalBytes } = planReport(resolved, 4, portableCpu()).report;
      expect(stdout).toContain(`data-bytes="${totalBytes}"`);
      expect(stdout).toContain('<svg ');
    });
  }
});
