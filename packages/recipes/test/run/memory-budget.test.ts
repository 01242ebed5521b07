/** A run within a memory budget recomputes values, and nothing else changes. */
import { join } from 'node:path';
import { cpu, type PriceList, priceListOf } from '@inplace-abn/core';
import { readMetrics } from '@inplace-abn/train';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageFolder, temporaryFolder } from '../../../train/test/support/images.js';
import { planReport, pricedMachine } from '../../src/index.js';
import { configOf, expectSameState, lastState, runTraining } from '../support/runs.js';

const STEPS = 3;

describe('memory_budget', () => {
  let data: string;
  beforeAll(async () => {
    data = await imageFolder();
  });

  /** A share of the arena that the configuration needs without a budget. */
  function budgeted(changes: Parameters<typeof configOf>[0], share: number) {
    const config = configOf(changes);
    const { report } = planReport(config, config.optimizer.batch_size, cpu());
    return { ...config, memory_budget: Math.floor(report.totalBytes - (1 - share) * report.arenaBytes) };
  }

  async function trained(config: ReturnType<typeof configOf>) {
    const logDir = join(await temporaryFolder(), 'run');
    await runTraining({ config, data, logDir, maxSteps: STEPS });
    const losses = (await readMetrics(join(logDir, 'metrics.jsonl'))).map(({ loss }) => loss);
    return { losses, state: await lastState(logDir) };
  }

  it.each([
    // At 16×16, weight gradients are most of the live memory of a ResNet.
    ['ResNet', 0.85, {}],
    ['DenseNet', 0.6, { network: { arch: 'densenet121' } }],
  ])('trains a %s within %d of the arena to the same weights, bit for bit', async (_, share, changes) => {
    const config = budgeted(changes, share);
    const { report } = planReport(config, config.optimizer.batch_size, cpu());
    expect(report.totalBytes).toBeLessThanOrEqual(config.memory_budget);
    expect(report.rebuilds.recomputed).toBeGreaterThan(0);
    const [whole, within] = [await trained({ ...config, memory_budget: -1 }), await trained(config)];
    expect(within.losses).toEqual(whole.losses);
    expectSameState(within.state, whole.state);
  });

  it('notes that prices are from another machine', async () => {
    const signature = {
      op: 'relu',
      dtype: 'float32',
      key: 'relu',
      kernel: 'native',
      channels: [8, 8],
    } as const;
    const entry = { ...signature, operations: 1, bytes: 1, seconds: 1e-6, count: 1 };
    const here: PriceList = { ...priceListOf(pricedMachine(cpu()), []), entries: [entry] };
    const noted = async (prices: PriceList) => {
      const logDir = join(await temporaryFolder(), 'run');
      return (await runTraining({ config: configOf(), data, logDir, maxSteps: 1, prices })).text;
    };
    expect(await noted({ ...here, machine: '64 threads of another CPU' })).toMatch(
      /^prices are of 64 threads of another CPU, and this machine is .*: measure them here$/m,
    );
    expect(await noted(here)).not.toContain('prices');
  });
});
