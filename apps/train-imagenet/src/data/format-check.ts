/** Formats the report of a check as text. */
import { relative } from 'node:path';
import { alignColumns } from '@inplace-abn/cli';
import { formatBytes } from '@inplace-abn/core';
import type { CheckReport, PartReport } from './check.js';
import type { Listing, Twins } from './equal-files.js';
import type { LabelReport } from './label-findings.js';

/** Entries printed of each list; `--json` has more. */
const MOST_PRINTED = 20;

/** Lists the contents of the folder, then its problems. */
export function formatCheck(report: CheckReport): string {
  const { folder, parts, formats, modes, sizes, labels, problem, advice, notes, unreadable } = report;
  const name = (file: string) => relative(folder, file) || file;
  const rows = [
    ...parts.map((part) => [part.name || 'images', describePart(part, labels !== undefined)]),
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
  if (labels) lines.push(...pixelTable(labels));
  const files = unreadable.first.map(({ file, reason }) => `${name(file)}: ${reason}`);
  lines.push(...section('cannot be read', unreadable.count, files));
  if (labels) {
    const bad = labels.bad.first.map(({ file, reason }) => `${name(file)}: ${reason}`);
    lines.push(...section('label maps that cannot be used', labels.bad.count, bad));
  }
  lines.push(...section('in both training and validation', report.leaks.count, twins(report.leaks, name)));
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
  lines.push('', report.ok ? 'no problems found' : 'fix these problems before training');
  return lines.join('\n');
}

/** Share of each class among the counted pixels, and share of ignored pixels among all. */
function pixelTable({ pixels }: LabelReport): string[] {
  const names = Object.keys(pixels[0]?.classes ?? {});
  const sums = pixels.map(({ classes }) => Object.values(classes).reduce((sum, count) => sum + count, 0));
  const occurring = names.filter((name) => pixels.some(({ classes }) => (classes[name] ?? 0) > 0));
  const shareOf = (count: number, all: number) =>
    count === 0 ? '–' : `${((100 * count) / all).toPrecision(3)} %`;
  const rows = [
    ['class pixels', ...pixels.map(({ name }) => name)],
    ...occurring.map((name) => [
      name,
      ...pixels.map(({ classes }, part) => shareOf(classes[name] ?? 0, sums[part] ?? 0)),
    ]),
    ['ignored', ...pixels.map(({ ignored }, part) => shareOf(ignored, ignored + (sums[part] ?? 0)))],
  ];
  const table = alignColumns(rows, (column) => column > 0).map((row) => row.join('  ').trimEnd());
  const absent = names.filter((name) => !occurring.includes(name));
  // If the folder names no classes, most ids do not occur.
  const few = absent.length > 0 && absent.length < occurring.length;
  return ['', ...table, ...(few ? [`not in any label map: ${absent.join(', ')}`] : [])];
}

function describePart({ images, bytes, classes }: PartReport, labels: boolean): string {
  const size = `${images.toLocaleString('en')} ${images === 1 ? 'image' : 'images'}, ${formatBytes(bytes)}`;
  if (labels) return `${size}, with label maps`;
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
