/** The report of a check for people. */
import { relative } from 'node:path';
import { alignColumns } from '@inplace-abn/cli';
import { formatBytes } from '@inplace-abn/core';
import type { CheckReport, PartReport } from './check.js';
import type { Listing, Twins } from './equal-files.js';

/** Entries of a list that are printed; `--json` has more. */
const MOST_PRINTED = 20;

/** Lines that say what is there, and what is wrong with it. */
export function formatCheck(report: CheckReport): string {
  const { folder, parts, formats, modes, sizes, problem, advice, notes, unreadable } = report;
  const name = (file: string) => relative(folder, file) || file;
  const rows = [
    ...parts.map((part) => [part.name || 'images', describePart(part)]),
    ['formats', counts(formats)],
    ['modes', counts(modes)],
    ...(sizes
      ? [
          [
            'sizes',
            `${sizes.smallest.join('×')} to ${sizes.largest.join('×')}, median of the shorter side ${sizes.median}`,
          ],
        ]
      : []),
  ];
  const lines = alignColumns(rows).map((row) => row.join('  ').trimEnd());
  lines.push(...notes);
  const files = unreadable.first.map(({ file, reason }) => `${name(file)}: ${reason}`);
  lines.push(...section('cannot be read', unreadable.count, files));
  lines.push(...section('in training and validation alike', report.leaks.count, twins(report.leaks, name)));
  lines.push(
    ...section(
      'the same image in different classes',
      report.contradictions.count,
      twins(report.contradictions, name),
    ),
  );
  lines.push(
    ...section('the same image more than once', report.duplicates.count, twins(report.duplicates, name)),
  );
  if (problem) lines.push('', problem);
  if (advice) lines.push('', advice);
  lines.push('', report.ok ? 'nothing is wrong' : 'there is something to mend');
  return lines.join('\n');
}

function describePart({ images, bytes, classes }: PartReport): string {
  const size = `${images.toLocaleString('en')} images, ${formatBytes(bytes)}`;
  if (!classes) return `${size}, classes unknown`;
  const numbers = Object.values(classes);
  const least = numbers.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = numbers.reduce((a, b) => Math.max(a, b), 0);
  const none = numbers.filter((number) => number === 0).length;
  const each = least === most ? `${least}` : `${least} to ${most}`;
  return `${size}, ${numbers.length} classes of ${each}${none > 0 ? ` (${none} without an image)` : ''}`;
}

function counts(numbers: Readonly<Record<string, number>>): string {
  return Object.entries(numbers)
    .map(([name, number]) => `${name} ${number.toLocaleString('en')}`)
    .join(', ');
}

function section(title: string, count: number, entries: readonly string[]): string[] {
  if (count === 0) return [];
  const more = count > MOST_PRINTED ? [`  and ${count - MOST_PRINTED} more`] : [];
  return ['', `${count} ${title}:`, ...entries.slice(0, MOST_PRINTED).map((entry) => `  ${entry}`), ...more];
}

function twins({ first }: Listing<Twins>, name: (file: string) => string): string[] {
  return first.map((group) => group.map(({ file }) => name(file)).join(' = '));
}
