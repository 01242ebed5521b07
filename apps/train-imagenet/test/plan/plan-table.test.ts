import { cpu } from '@inplace-abn/core';
import { planReport } from '@inplace-abn/recipes';
import { describe, expect, it } from 'vitest';
import { configOf } from '../../../../packages/recipes/test/support/runs.js';
import { formatPlanTable, planPerDevice } from '../../src/plan/plan-table.js';

const config = configOf({ optimizer: { batch_size: 24 } });

describe('planPerDevice', () => {
  it('plans the share of the batch of each device', () => {
    const rows = planPerDevice('small', config, [2, 3], cpu());
    expect(rows.map(({ devices, report }) => [devices, report.batch])).toEqual([
      [2, 12],
      [3, 8],
    ]);
    expect(rows[1]?.report).toEqual(planReport(config, 8, cpu()).report);
  });

  it('plans the shards of a device for a sharded batch', () => {
    const sync = configOf({
      network: { bn_mode: 'sync' },
      optimizer: { batch_size: 16 },
      deterministic_world: 8,
    });
    const [two, eight] = planPerDevice('shards', sync, [2, 8], cpu());
    expect(eight?.report.rebuilds.kept).toBeLessThan((two?.report.rebuilds.kept ?? 0) / 2);
    // Two images are too few for eight shards.
    expect(eight?.report.batch).toBe(2);
  });

  it('refuses a number of devices that does not divide the batch', () => {
    expect(() => planPerDevice('small', config, [4, 5], cpu())).toThrow(
      'small: optimizer.batch_size 24 is not divisible by 5 devices',
    );
  });
});

describe('formatPlanTable', () => {
  const rows = planPerDevice('small', config, [2, 3], cpu());
  const [first] = rows;
  const numbers = (line = '') => line.split(/[\s|]+/).filter((cell) => /^[\d.]+$/.test(cell));

  it('has a line for each number of devices, with bytes by kind, ours and of ordinary batch norm', () => {
    const lines = formatPlanTable(rows).split('\n');
    expect(lines).toHaveLength(4);
    expect(new Set(lines.slice(1).map((line) => line.length)).size).toBe(1);
    const { bytes, ordinary } = first?.report ?? expect.fail('no row');
    const mib = (value: number) => (value / 2 ** 20).toFixed(0);
    expect(numbers(lines[2]).slice(0, 9)).toEqual([
      '2',
      '12',
      ...[bytes.weights, bytes.optimizer, bytes.gradients, ordinary.gradients].map(mib),
      ...[bytes.activations, ordinary.activations].map(mib),
      (bytes.activations / ordinary.activations).toFixed(2),
    ]);
  });

  it('can be a Markdown table with the same cells', () => {
    const [header, rule, ...body] = formatPlanTable(rows, { markdown: true }).split('\n');
    expect(rule).toMatch(/^\| -+ (\| -+: )+\|$/);
    expect(rule?.split('|').length).toBe(header?.split('|').length);
    expect(body.map(numbers)).toEqual(formatPlanTable(rows).split('\n').slice(2).map(numbers));
  });
});
