import { describe, expect, it } from 'vitest';
import { parseOptions, UsageError } from '../lib/options.mjs';
import { median, significant, spread } from '../lib/stats.mjs';
import { suites } from '../lib/suites.mjs';
import { formatTable } from '../lib/table.mjs';
import { takeTurns } from '../lib/turns.mjs';

describe('options', () => {
  it('runs all except the long benchmarks without a name', () => {
    const { names } = parseOptions([], suites);
    expect(names).toContain('train');
    expect(names).not.toContain('demo-precision');
  });

  it('takes names, flags and counts', () => {
    const options = parseOptions(['abn', '--json', '--steps', '3', '--', 'demo-precision'], suites);
    expect(options).toEqual({ names: ['abn', 'demo-precision'], json: true, help: false, steps: 3 });
  });

  it.each([
    [['resnet'], /there is no benchmark resnet; there are train,/],
    [['abn', '--steps', '0'], /--steps takes an integer of at least 1 but received 0/],
    [['--fast'], /--fast/],
  ])('refuses %j', (args, message) => {
    expect(() => parseOptions(args, suites)).toThrow(UsageError);
    expect(() => parseOptions(args, suites)).toThrow(message);
  });
});

describe('stats', () => {
  it('takes the median of odd and even counts', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(() => median([])).toThrow('no values');
  });

  it('reports the spread as ± relative to the median', () => {
    expect(spread([9, 10, 11])).toBeCloseTo(0.1);
  });

  it.each([
    [0.01234, '0.0123'],
    [1.2345, '1.23'],
    [1234.5, '1235'],
    [0, '0'],
  ])('writes %d as %s', (value, text) => {
    expect(significant(value)).toBe(text);
  });
});

describe('table', () => {
  it('is Markdown with right-aligned numbers', () => {
    const rows = [{ name: 'a', variant: 'float32', ours: 1, peer: 20, ratio: 0.05, unit: 's' }];
    expect(formatTable(rows)).toMatchInlineSnapshot(`
      "| name | variant | ours | peer | ratio | unit |
      | ---- | ------- | ---: | ---: | ----: | ---- |
      | a    | float32 | 1.00 | 20.0 |  0.05 | s    |"
    `);
  });

  it('has a column for fractions of the limit if some result has one', () => {
    const row = { name: 'a', variant: 'float32', ours: 1, peer: 20, ratio: 0.05, unit: 's' };
    expect(formatTable([{ ...row, share: 0.123 }, row])).toMatchInlineSnapshot(`
      "| name | variant | ours | peer | ratio | unit | of the limit |
      | ---- | ------- | ---: | ---: | ----: | ---- | -----------: |
      | a    | float32 | 1.00 | 20.0 |  0.05 | s    |         12 % |
      | a    | float32 | 1.00 | 20.0 |  0.05 | s    |              |"
    `);
  });
});

describe('turns', () => {
  it('alternates strictly and skips the warm-up', async () => {
    /** @type {string[]} */
    const log = [];
    let active = 0;
    const contender = (name) => async () => {
      expect(active++).toBe(0);
      await new Promise((resolve) => setImmediate(resolve));
      active--;
      return log.push(name);
    };
    const measured = await takeTurns([contender('a'), contender('b')], { warmUp: 1, rounds: 2 });
    expect(log.join('')).toBe('ababab');
    expect(measured).toEqual([
      [3, 5],
      [4, 6],
    ]);
  });
});
