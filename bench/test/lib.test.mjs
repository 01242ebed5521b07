import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { roundTrip } from '../lib/cores.mjs';
import { parseOptions, UsageError } from '../lib/options.mjs';
import { pairRow, rowsInTurn } from '../lib/pairs.mjs';
import { pythons, pytorchNamed } from '../lib/peer.mjs';
import { median, significant, spread } from '../lib/stats.mjs';
import { suites } from '../lib/suites.mjs';
import { formatTable } from '../lib/table.mjs';
import { takePairs, takeTurns } from '../lib/turns.mjs';

describe('roundTrip', () => {
  it('gives a time if there are two cores', async () => {
    const trip = await roundTrip();
    if (availableParallelism() < 2) expect(trip).toBeNull();
    else expect(trip).toBeGreaterThan(0);
  });
});

describe('options', () => {
  it('run all benchmarks except the long ones if none is named', () => {
    const { names } = parseOptions([], suites);
    expect(names).toContain('train');
    expect(names).not.toContain('demo-precision');
  });

  it('include names, flags and counts', () => {
    const options = parseOptions(['abn', '--json', '--steps', '3', '--', 'demo-precision'], suites);
    expect(options).toMatchObject({ names: ['abn', 'demo-precision'], json: true, report: false, steps: 3 });
  });

  it('allow a report in parts', () => {
    const args = ['report', '--suites', 'train,recipe-parts', '--networks', 'resnet50', '--seeds', '0,2'];
    const options = parseOptions(args, suites);
    expect(options).toMatchObject({ report: true, names: ['train', 'recipe-parts'] });
    expect(options).toMatchObject({ networks: ['resnet50'], seeds: [0, 2] });
  });

  it.each([
    [['resnet'], /there is no benchmark resnet; there are train,/],
    [['abn', '--steps', '0'], /--steps takes an integer of at least 1 but received 0/],
    [['--fast'], /--fast/],
    [['--seeds', '1,x'], /--seeds takes integers of at least 0 but received x/],
    [['report', '--suites', 'resnet'], /there is no benchmark resnet/],
  ])('refuse %j', (args, message) => {
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

  it('marks unsteady rows and rows that a peer refused', () => {
    const row = {
      name: 'a',
      variant: 'x',
      ours: 1,
      peer: 2,
      ratio: 0.5,
      unit: 's',
      paired: 0.51,
      spread: 0.2,
    };
    const memory = { ours: 1e8, peer: 4e8 };
    const refused = { name: 'a', variant: 'y', refused: 'no compiler' };
    expect(formatTable([{ ...row, memory }, refused], { named: false })).toMatchInlineSnapshot(`
      "| variant | ours | peer | ratio | paired | unit                 |           spread | memory, ours and peer |
      | ------- | ---: | ---: | ----: | -----: | -------------------- | ---------------: | --------------------: |
      | x       | 1.00 | 2.00 |  0.50 |   0.51 | s                    | ± 20 %, unsteady |    100, 400 MB (0.25) |
      | y       |      |      |       |        | refused: no compiler |                  |                       |"
    `);
  });

  it('prints accuracies to hundredths of a point', () => {
    const row = { name: 'a', variant: 'x', ours: 93.643, peer: 93.277, ratio: 1.004, unit: '% top-1' };
    const worse = { ...row, variant: 'y', ours: 93.1, peer: 93.28 };
    expect(formatTable([row, worse], { named: false })).toMatchInlineSnapshot(`
      "| variant |  ours |  peer |        ratio | unit    |
      | ------- | ----: | ----: | -----------: | ------- |
      | x       | 93.64 | 93.28 | +0.36 points | % top-1 |
      | y       | 93.10 | 93.28 | -0.18 points | % top-1 |"
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

describe('peers', () => {
  it("are the interpreters of a list like PATH, else Debian's", () => {
    expect(pythons({ IABN_BENCH_PYTHON: '/usr/bin/python3:tools/distro/python3' })).toEqual([
      '/usr/bin/python3',
      'tools/distro/python3',
    ]);
    expect(pythons({})).toEqual(['/usr/bin/python3']);
  });

  it('are named by PyTorch and oneDNN', () => {
    expect(pytorchNamed({ torch: '2.6.0+debian', onednn: '3.7.2' })).toBe('PyTorch 2.6 (oneDNN 3.7.2)');
    expect(pytorchNamed({ torch: '1.13.0a0' })).toBe('PyTorch 1.13');
  });
});

describe('pairs', () => {
  /** A side that returns the values one by one. */
  const side = (values) => async () => values.shift() ?? 0;

  it('repeat unsteady measurements, and keep the steadiest attempt', async () => {
    const again = [];
    const ours = side([9, 1, 1, 1, 1, 1, 1, 1]);
    const pairs = await takePairs(ours, [side([9, 2, 2, 2]), side([9, 3, 6, 4, 4.1, 4, 4])], {
      warmUp: 1,
      rounds: 3,
      repeats: 1,
      onRepeat: (indices) => again.push([...indices]),
    });
    expect(again).toEqual([[1]]);
    expect(pairs[0]).toEqual({ ours: [1, 1, 1], theirs: [2, 2, 2] });
    expect(pairs[1]?.theirs).toEqual([4.1, 4, 4]);
  });

  it('compare sides with one peer, and repeat only unsteady ones', async () => {
    const said = [];
    const sides = [
      { variant: 'x', run: side([2, 2]) },
      { variant: 'y', run: side([2, 6, 4, 4]) },
    ];
    const say = (line) => said.push(line);
    const options = { name: 'a', unit: 's', warmUp: 0, rounds: 2, say };
    const rows = await rowsInTurn(sides, side([8, 8, 16, 16]), options);
    expect(rows).toMatchObject([
      { name: 'a', variant: 'x', ours: 2, peer: 8, paired: 0.25, spread: 0 },
      { name: 'a', variant: 'y', ours: 4, peer: 16, paired: 0.25, spread: 0 },
    ]);
    expect(said[0]).toBe('unsteady, again: y');
  });

  it('become a row with the best of each side and the median of ratios', () => {
    const pair = { ours: [1, 1.2, 1.1], theirs: [2, 4, 2.2] };
    const row = pairRow({ name: 'a', variant: 'b', unit: 's' }, pair);
    expect(row).toMatchObject({ ours: 1, peer: 2, ratio: 0.5, paired: 0.5 });
    expect(row.spread).toBeCloseTo(1 / 2.2);
    expect(pairRow({ name: 'a', variant: 'b', unit: 'images/s' }, pair)).toMatchObject({
      ours: 1.2,
      peer: 4,
    });
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
