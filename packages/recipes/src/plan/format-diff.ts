/** The text of a difference between two plans. */
import { alignColumns } from '@inplace-abn/cli';
import {
  formatBytes,
  type LayerChange,
  type PlanDiff,
  type PlanTotals,
  type TotalChange,
} from '@inplace-abn/core';
import type { Freezing } from './lock.js';

const NAMES: Readonly<Record<PlanTotals, string>> = {
  totalBytes: 'in all',
  arenaBytes: 'arena',
  peak: 'peak',
  bufferBytes: 'buffers, one after the other',
  keptBytes: 'kept for the backward pass',
  work: 'work',
  moreWork: 'of it recomputed',
};

/** Most layers shown of each list. */
const SHOWN = 40;

/** Totals side by side, then each layer whose choice changed, the costliest first. */
export function formatPlanDiff({
  titles: [before, after],
  peakAt,
  totals,
  layers,
  resized,
}: PlanDiff): string {
  const rows = totals.map((total) => [NAMES[total.name], ...cellsOf(total)]);
  const table = alignColumns([['', 'before', 'after', 'change'], ...rows], (column) => column > 0);
  const [from, to] = peakAt;
  return [
    before === after ? before : `${before} → ${after}`,
    '',
    ...table.map((row) => row.join('  ').trimEnd()),
    from === to ? `the peak stays at ${from}` : `the peak moves from ${from} to ${to}`,
    ...section('layers whose choice changed', layers),
    ...(layers.length === 0 ? ['', "no layer's choice changed"] : []),
    ...section('layers of another size', resized),
  ].join('\n');
}

/** Why a check fails: each sum that grew, and the layers that cost memory. */
export function formatGrown({ grown, layers, resized, peakAt }: PlanDiff): string {
  const sums = grown.map((total) => {
    const [before, after, change] = cellsOf(total);
    return `${NAMES[total.name]}: ${before} → ${after} (${change})`;
  });
  const costly = [...layers, ...resized].filter(({ costs }) => costs > 0).slice(0, SHOWN);
  const where =
    costly.length > 0
      ? costly.map((change) => lineOf(change))
      : [`  no layer's choice; the peak is at ${peakAt[1]}`];
  return [...sums, 'by', ...where].join('\n');
}

/** Bytes and work that freezing saves. */
export function formatFreezing({ paths, before, after, diff }: Freezing): string {
  const kinds = ['gradients', 'optimizer', 'activations'] as const;
  const rows = kinds.map((kind) => [
    kind,
    formatBytes(before.bytes[kind]),
    formatBytes(after.bytes[kind]),
    signed(after.bytes[kind] - before.bytes[kind]),
  ]);
  const totals = diff.totals
    .filter(({ name }) => name === 'totalBytes' || name === 'work')
    .map((total) => [NAMES[total.name], ...cellsOf(total)]);
  const table = alignColumns(
    [['', 'trained', 'frozen', 'change'], ...rows, ...totals],
    (column) => column > 0,
  );
  const share = 1 - after.totalBytes / before.totalBytes;
  return [
    `${before.title}: freezing ${paths.join(', ')} saves ${formatBytes(before.totalBytes - after.totalBytes)} (${(100 * share).toFixed(1)} %) and ${(100 * (1 - after.work / before.work)).toFixed(1)} % of the work`,
    '',
    ...table.map((row) => row.join('  ').trimEnd()),
    '',
    `in the configuration: "optimizer": { "freeze": ${JSON.stringify(paths)} }`,
  ].join('\n');
}

function cellsOf({ name, before, after }: TotalChange): [string, string, string] {
  if (name === 'moreWork')
    return [percent(before), percent(after), `${signOf(after - before)}${percent(Math.abs(after - before))}`];
  if (name === 'work') {
    const change = before > 0 ? after / before - 1 : 0;
    return [before.toExponential(3), after.toExponential(3), `${signOf(change)}${percent(Math.abs(change))}`];
  }
  return [formatBytes(before), formatBytes(after), signed(after - before)];
}

function section(title: string, changes: readonly LayerChange[]): string[] {
  if (changes.length === 0) return [];
  const more = changes.length - SHOWN;
  return [
    '',
    `${title}: ${changes.length}`,
    ...changes.slice(0, SHOWN).map(lineOf),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function lineOf({ layer, before, after, costs }: LayerChange): string {
  return `  ${layer.padEnd(40)} ${signed(costs).padStart(11)}  ${stateOf(before)} → ${stateOf(after)}`;
}

function stateOf(choice: LayerChange['before']): string {
  if (choice === null) return 'absent';
  const { bytes, backward, written } = choice;
  return [formatBytes(bytes), ...(backward ? [backward] : []), ...(written ? [written] : [])].join(', ');
}

function signed(bytes: number): string {
  return bytes === 0 ? '0' : `${signOf(bytes)}${formatBytes(Math.abs(bytes))}`;
}

function signOf(value: number): string {
  return value > 0 ? '+' : value < 0 ? '−' : '';
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
