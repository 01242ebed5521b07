/** Every number in the README and the documents has a source and equals what the source gives today. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readmeTable, resultsPage, tableIn } from '../../../bench/lib/report/pages.mjs';
import { allResults } from '../../../bench/lib/report/results.mjs';
import { CLAIMS, RECORDS, RULES } from '../claims.js';
import { quantitiesIn, withoutCode } from '../quantities.mjs';
import { measured } from '../results.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (file: string) => readFileSync(`${root}${file}`, 'utf8');
const documents = readdirSync(`${root}docs`).filter((name) => name.endsWith('.md'));
const files = ['README.md', ...documents.map((name) => `docs/${name}`)];

/** The numbers that a pattern captures, as written, with their positions. */
function captured(file: string, says: RegExp): { text: string; index: number }[] {
  const match = new RegExp(says.source, `${says.flags}d`).exec(read(file));
  expect(match, `${file} does not say ${says}`).not.toBeNull();
  return (match?.slice(1) ?? []).map((text, i) => ({ text, index: match?.indices?.[i + 1]?.[0] ?? -1 }));
}

/** Blank text of the same length and lines. */
const blank = (text: string) => text.replaceAll(/[^\n]/g, ' ');

const decimals = (text: string) => /\.(\d+)$/.exec(text)?.[1]?.length ?? 0;

/** Whether a number equals the written one to their common digits, or differs by at most a share `within`. */
function agrees(text: string, value: number, within: number): boolean {
  const digits = Math.min(decimals(text), decimals(String(value)));
  const most = 0.5 * 10 ** -digits + within * Math.abs(value) + 1e-9;
  return Math.abs(Number(text.replaceAll(',', '')) - value) <= most;
}

describe('numbers in the README and the documents', () => {
  it.each(CLAIMS)('$file: $says', ({ file, says, are, measured: ofResults, within = 0 }) => {
    const written = captured(file, says).map(({ text }) => text);
    const values = are();
    expect(values.length).toBe(written.length);
    const stale = written.filter((text, i) => !agrees(text, values[i] ?? Number.NaN, within));
    expect(stale, `${file} says ${written.join(', ')}, but it is ${values.join(', ')}`).toEqual([]);
    if (ofResults) expect(read(file), `${file} links the results`).toMatch(/\]\([./]*bench\/RESULTS\.md/);
  });

  it.each(files.filter((file) => !(file in RECORDS)))('%s has no number without a source', (file) => {
    const places = [...CLAIMS, ...RULES]
      .filter((claim) => claim.file === file)
      .flatMap(({ says }) => captured(file, says).map(({ index }) => index));
    const text = file === 'README.md' ? read(file).replace(tableIn(read(file)), blank) : read(file);
    const loose = quantitiesIn(text).filter(({ index }) => !places.includes(index));
    const named = loose.map(({ line, text }) => `${file}:${line}: ${text}`);
    expect(named, 'add a claim or a rule to tools/numbers/claims.ts').toEqual([]);
  });

  it.each(Object.entries(RECORDS))(
    '%s names the commands or pages that its numbers come from',
    (file, origins) => {
      for (const origin of origins) expect(read(file)).toContain(origin);
    },
  );
});

describe('quantitiesIn', () => {
  it('finds numbers with a unit and table cells, and none in code', () => {
    const text = 'A step takes 1.5 s.\n\n```\n3 MiB\n```\n`4 GB` of 10 % | 3×3\n| a | 0.43 | 12 |\n';
    expect(quantitiesIn(text).map(({ line, text }) => `${line}: ${text}`)).toEqual([
      '1: 1.5 s',
      '6: 10 %',
      '7: 0.43',
      '7: 12',
    ]);
    expect(withoutCode(text).length).toBe(text.length);
  });
});

describe('results', () => {
  it('are found by row, and name a missing row', () => {
    expect(measured('Zen 4', 'noise', 'forward, C = 64, 56×56', 'ratio')).toBeGreaterThan(0);
    expect(() => measured('Zen 4', 'train', 'resnet51', 'ours')).toThrow('0 rows "resnet51"');
    expect(() => measured('Zen 4', 'noise', 'forward, C = 64, 56×56', 'paired')).toThrow('has no paired');
    expect(() => measured('Zen 0', 'train', 'resnet50', 'ours')).toThrow('no train of Zen 0');
  });

  it("match the README's table and bench/RESULTS.md", () => {
    const hint = 'run `npm run bench -- report --pages`';
    expect(tableIn(read('README.md')), hint).toBe(readmeTable(allResults()));
    expect(read('bench/RESULTS.md'), hint).toBe(resultsPage(allResults()));
  });
});
