import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cpuTypeOf, fileNamed } from '../lib/report/cpu-type.mjs';
import { readmeTable, resultsPage, withTable } from '../lib/report/pages.mjs';
import { commandOf } from '../lib/report/report.mjs';
import { allResults, merge, readResults, writeResults } from '../lib/report/results.mjs';

const empty = { cpu: 'Zen 4', about: 'AMD EPYC.', runs: [], rows: [] };
const run = { command: 'npm run bench -- report train', date: '2026-11-29 18:40', commit: 'abcd1234' };
const later = { ...run, date: '2026-11-30 08:00', commit: 'ef567890' };
const row = (variant, ours, peer, unit = 's') => {
  return { name: 'train', variant, ours, peer, ratio: ours / peer, unit };
};

describe('a type of CPU', () => {
  const cpuinfo = (vendor, family, model) =>
    `processor\t: 0\nvendor_id\t: ${vendor}\ncpu family\t: ${family}\nmodel\t\t: ${model}\nmodel name\t: a CPU\n`;

  it.each([
    ['AuthenticAMD', 25, 17, 'Zen 4'],
    ['AuthenticAMD', 25, 1, 'Zen 3'],
    ['GenuineIntel', 6, 106, 'Ice Lake'],
    ['GenuineIntel', 6, 207, 'Emerald Rapids'],
    ['GenuineIntel', 6, 1, 'a CPU'],
  ])('of %s, family %d, model %d is %s', (vendor, family, model, type) => {
    expect(cpuTypeOf(cpuinfo(vendor, family, model), 'a CPU')).toBe(type);
  });

  it('names a file', () => {
    expect(fileNamed('Intel(R) Xeon(R) @ 2.80GHz')).toBe('intel-r-xeon-r-2-80ghz');
  });
});

describe('merge', () => {
  const first = merge(empty, run, [row('a', 1, 2), row('b', 1, 4), { ...row('c', 1, 1), name: 'abn' }]);

  it('replaces rows, keeps the others with their run, and drops runs without rows', () => {
    const second = merge(first, later, [row('b', 3, 4), row('d', 1, 1)]);
    const places = second.rows.map(({ variant, run: id }) => `${variant} ${id}`);
    expect(places).toEqual(['a 1', 'b 2', 'd 2', 'c 1']);
    expect(second.runs.map(({ id, commit }) => `${id} ${commit}`)).toEqual(['1 abcd1234', '2 ef567890']);
    const third = merge(second, later, [row('b', 5, 4)], { whole: 'train' });
    expect(third.rows.map(({ variant }) => variant)).toEqual(['b', 'c']);
    const all = merge(third, later, [{ ...row('c', 1, 1), name: 'abn' }]);
    expect(all.runs.map(({ id }) => id)).toEqual([2]);
  });
});

describe('the pages', () => {
  const pytorch = (version, ours, peer) =>
    row(`resnet50, float32, batch 16, PyTorch ${version} channels_last`, ours, peer);
  const refused = { name: 'train', variant: 'resnet50, x', refused: 'no C++ compiler' };
  const results = merge(
    merge(empty, run, [pytorch('1.13', 1, 9)]),
    { ...later, machine: 'AMD EPYC, 2 cores, 2 threads', limits: 'copy 60 GB/s' },
    [
      { ...pytorch('2.6', 1.5, 3), memory: { ours: 1e8, peer: 4e8 } },
      row('resnet50, float32, batch 16, PyTorch 2.6 contiguous_format', 1.5, 4),
      refused,
    ],
  );

  it('have the newest run and its fastest peer in the README', () => {
    expect(readmeTable([results])).toMatchInlineSnapshot(`
      "<!-- bench: the table below is written by \`npm run bench -- report\` -->
      One type of CPU (Zen 4, 2 cores), 224×224, batch 16 (the largest two: 8); memory is the peak without weights; 2026-11-30, commit ef567890. PyTorch runs eagerly: torch.compile takes longer where it was measured. Of its versions and memory formats, the fastest is shown.

      | measured           |   ours |   peer | ratio |        memory | ratio | peer is                   |
      | ------------------ | -----: | -----: | ----: | ------------: | ----: | ------------------------- |
      | ResNet-50, float32 | 1.50 s | 3.00 s |  0.50 | 100 of 400 MB |  0.25 | PyTorch 2.6 channels_last |
      <!-- bench: end -->"
    `);
  });

  it('mark unsteady rows in the README', () => {
    const unsteady = merge(empty, run, [{ ...pytorch('2.6', 1.5, 3), spread: 0.2 }]);
    expect(readmeTable([unsteady])).toContain('| 0.50 (unsteady) |');
  });

  it('mark rows of busy runs in the README, and ignore the limits that those measured', () => {
    const limits = (copy) =>
      `copy ${copy} GB/s, product 200 GFLOP/s in float32, ${4 * copy} GFLOP/s in bfloat16`;
    const note = 'the machine is busy (40 % used by others): the ratios may be off';
    const quiet = [40.2, 60].reduce(
      (before, copy) => merge(before, { ...run, limits: limits(copy) }, [row(`copy ${copy}`, 1, 2)]),
      empty,
    );
    const busy = merge(quiet, { ...later, note, limits: limits(8) }, [pytorch('2.6', 1.5, 3)]);
    expect(readmeTable([busy])).toContain('| 0.50 (busy) |');
    expect(readmeTable([busy])).toContain('_Busy_: other programs');
    expect(resultsPage([busy])).toContain(
      'Limits that quiet runs measured: copy 40 to 60 GB/s, products 200 GFLOP/s in float32 and 161 to 240 in bfloat16.',
    );
  });

  it('list every run, and the run of each row, in the results', () => {
    const page = resultsPage([results]);
    expect(page).toContain('## Zen 4\n\nAMD EPYC.\n\n### train\n\n- run 1: `npm run bench -- report train`');
    expect(page).toContain(
      '- run 2: `npm run bench -- report train`, 2026-11-30 08:00, commit ef567890; AMD EPYC, 2 cores, 2 threads; copy 60 GB/s',
    );
    expect(page).toMatch(/PyTorch 1\.13 channels_last .*\| 1 {3}\|/);
    expect(page).toMatch(/refused: no C\+\+ compiler .*\| 2 {3}\|/);
  });

  it('are written between the marks', () => {
    const readme = `# A\n${readmeTable([results])}\nB\n`;
    expect(withTable(readme, readmeTable([results]))).toBe(readme);
    expect(() => withTable('# A\n', 'table')).toThrow('README.md has no place for the table');
  });
});

describe('files', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bench-results-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('store results, one row per line', () => {
    const results = merge(empty, run, [row('a', 1, 2), row('b', 1, 4)]);
    writeResults(results, folder);
    expect(readResults('Zen 4', '', folder)).toEqual(results);
    expect(readFileSync(join(folder, 'zen-4.json'), 'utf8').split('\n')).toHaveLength(12);
    expect(readResults('Zen 3', 'AMD EPYC.', folder)).toEqual({ ...empty, cpu: 'Zen 3' });
  });

  it('are read with the newest run first, and an error if a row has no run', () => {
    writeResults(merge(empty, run, [row('a', 1, 2)]), folder);
    writeResults(merge({ ...empty, cpu: 'Zen 5' }, later, [row('a', 1, 2)]), folder);
    expect(allResults(folder).map(({ cpu }) => cpu)).toEqual(['Zen 5', 'Zen 4']);
    writeFileSync(join(folder, 'x.json'), '{ "cpu": "x", "about": "", "runs": [], "rows": [{ "run": 1 }] }');
    expect(() => allResults(folder)).toThrow('x.json: expected cpu, about, runs');
  });
});

it('prints the command without its note', () => {
  expect(commandOf(['report', '--note', 'quiet', '--suites', 'train'])).toBe(
    'npm run bench -- report --suites train',
  );
});
